import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfig } from '../../../src/node/config/defaults.js';
import { isLocal, listenersOf } from '../../../src/node/config/listeners.js';
import { HTTP_PORT, ROUTER_PORT } from '../../../src/node/config/ports.js';
import { load, plainNode, steps, verdict, withAt } from './helpers.js';

const EVERYBODY = { anonymous: { type: 'static', role: 'anonymous' } };
const SERIALIZERS = ['json', 'msgpack', 'cbor'];

test('every transport is a listener with what is spoken there', () => {
  const listeners = listenersOf(load(plainNode()).config);
  assert.deepEqual(
    listeners.map(({ path, transport, webSockets, anyPath, rawSocket }) => ({
      path: path.at(-1),
      transport,
      paths: [...webSockets.keys()],
      any: anyPath !== undefined,
      raw: rawSocket !== undefined,
    })),
    [
      { path: 0, transport: 'transport001', paths: [], any: true, raw: false },
      { path: 1, transport: 'transport002', paths: [], any: false, raw: true },
      { path: 2, transport: 'transport003', paths: ['ws'], any: false, raw: false },
      { path: 3, transport: 'transport004', paths: ['other', 'ws'], any: false, raw: true },
    ],
  );
});

test('the root of the web is the empty path', () => {
  const node = withAt(plainNode(), steps('workers[0].transports[2].paths'), { '/': { type: 'websocket' } });
  assert.deepEqual([...listenersOf(load(node).config)[2]!.webSockets.keys()], ['']);
});

test('limits of a transport stand before the limit of the node', () => {
  const node = withAt(plainNode(), ['wampscope', 'limits', 'max_message_bytes'], 4096);
  const sizes = (written?: number) => {
    const changed = withAt(node, steps('workers[0].transports[0].options.max_message_size'), written);
    return listenersOf(load(changed).config)[0]!.anyPath!.options.max_message_size;
  };
  assert.equal(sizes(), 4096);
  assert.equal(sizes(0), 4096);
  assert.equal(sizes(65536), 65536);
  assert.equal(listenersOf(load(node).config)[1]!.rawSocket!.options.max_message_size, 4096);
});

test('pages of other sites may connect only when they are named', () => {
  const origins = (node: unknown) => {
    const { allowed_origins, allow_null_origin } = listenersOf(load(node).config)[2]!.webSockets.get('ws')!.options;
    return [allowed_origins, allow_null_origin];
  };
  const managed = withAt(plainNode(), ['wampscope', 'management'], {});
  assert.deepEqual(origins(plainNode()), [[], false]);
  assert.deepEqual(origins(managed), [[], false]);
  const guarded = withAt(managed, ['wampscope', 'management', 'roles'], [{ name: 'operator' }]);
  assert.deepEqual(origins(guarded), [[], false]);

  const options = { allowed_origins: ['*'], allow_null_origin: true };
  const asked = withAt(managed, steps('workers[0].transports[2].paths.ws.options'), options);
  assert.deepEqual(origins(asked), [['*'], true]);
  const { warnings } = verdict(asked);
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ['workers[0].transports[2].paths.ws.options.allowed_origins'],
  );
  assert.match(warnings[0]!.message, /any web page that a browser here shows can join it/);
});

test('an endpoint is local when only this machine reaches it', () => {
  const tcp = (host: string) => ({ type: 'tcp' as const, port: 1, interface: host, version: 4 as const });
  for (const host of ['127.0.0.1', '127.255.0.1', '::1', 'localhost']) assert.ok(isLocal(tcp(host)), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'localhost.example.com', '1127.0.0.1']) {
    assert.ok(!isLocal(tcp(host)), host);
  }
  assert.ok(isLocal({ type: 'unix', path: '/run/wamp.sock' }));
});

test('ports that may meet are refused, others are not', () => {
  const hosts = (first: string, second: string) => {
    let node = withAt(plainNode(), steps('workers[0].transports[2].endpoint.interface'), first);
    node = withAt(node, steps('workers[0].transports[3].endpoint'), { type: 'tcp', interface: second, port: 8081 });
    return verdict(node).problems.length;
  };
  assert.equal(hosts('127.0.0.1', '127.0.0.2'), 0);
  assert.equal(hosts('127.0.0.1', '0.0.0.0'), 1);
  assert.equal(hosts('::', '10.0.0.1'), 1);
  const any = withAt(plainNode(), steps('workers[0].transports[2].endpoint.port'), 0);
  assert.deepEqual(verdict(withAt(any, steps('workers[0].transports[3].endpoint.port'), 0)).problems, []);
});

test('without a configuration: realm1 with statistics, one port for everybody here, the management realm', () => {
  const config = defaultConfig();
  const { workers, wampscope, controller } = config;
  assert.equal(controller.id, 'wampscope');
  assert.deepEqual(
    workers.map(({ realms }) => realms.map(({ name, stats }) => [name, stats])),
    [
      [
        [
          'realm1',
          {
            rated_message_size: 256,
            trigger_after_rated_messages: 10,
            trigger_after_duration: 0,
            trigger_on_join: true,
            trigger_on_leave: true,
          },
        ],
      ],
    ],
  );
  const allow = { call: true, register: true, publish: true, subscribe: true };
  const everything = [{ uri: '', match: 'prefix', allow, disclose: { caller: false, publisher: false }, cache: false }];
  const anonymous = [{ name: 'anonymous', id: undefined, permissions: everything }];
  assert.deepEqual(workers[0]!.realms[0]!.roles, anonymous);
  assert.deepEqual(wampscope.management, {
    realm: 'com.wampscope.management',
    roles: anonymous,
    also_in: [],
    readers: {},
  });
  assert.deepEqual(wampscope.http, { interface: '127.0.0.1', port: HTTP_PORT, open_to_network: false });

  const [listener, ...others] = listenersOf(config);
  assert.deepEqual(others, []);
  assert.deepEqual(listener!.endpoint, { type: 'tcp', interface: '127.0.0.1', port: ROUTER_PORT, version: 4 });
  const ws = listener!.webSockets.get('ws')!;
  assert.deepEqual([ws.serializers, ws.auth, ws.options.allowed_origins], [SERIALIZERS, EVERYBODY, []]);
  assert.deepEqual([listener!.rawSocket!.serializers, listener!.rawSocket!.auth], [SERIALIZERS, EVERYBODY]);
});
