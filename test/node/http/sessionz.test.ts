import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode, type TestNode } from '../../helpers/test-node.js';
import { ask } from './listening.js';

interface Account {
  readonly bytes: number;
  readonly messages: number;
  readonly rated_messages: number;
}

interface Row {
  readonly [key: string]: unknown;
  readonly session: number;
  readonly realm: string;
  readonly received: Account;
  readonly sent: Account;
}

interface Sessions {
  readonly total: number;
  readonly sessions: readonly Row[];
  readonly [key: string]: unknown;
}

async function sessionz({ url }: TestNode, query = ''): Promise<Sessions> {
  const { status, headers, text } = await ask(`${url}/sessionz${query}`);
  assert.equal(status, 200, text);
  assert.equal(headers['content-type'], 'application/json');
  return JSON.parse(text);
}

test('without sessions the page is a page without sessions', async t => {
  const node = await startNode(t);
  const { now, ...rest } = await sessionz(node);
  assert.ok(Math.abs(Date.parse(String(now)) - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    node: 'node7',
    total: 0,
    offset: 0,
    limit: 100,
    sort: 'bytes',
    order: 'desc',
    realm: null,
    sessions: [],
  });
});

test('a row tells who a session is, what it has, and octet for octet what it used', async t => {
  const node = await startNode(t);
  const client = await node.join('ws', 'cbor');
  await client.subscribe('com.example.a');
  await client.subscribe('com.example.b');
  await client.register('com.example.c');
  await client.publish('com.example.d', ['x'.repeat(3000)]);
  const [row, ...others] = (await sessionz(node)).sessions;
  assert.deepEqual(others, []);
  const { received, sent, joined, peer, ...rest } = row!;
  assert.deepEqual(rest, {
    session: client.session,
    worker: 'worker7',
    realm: 'realm1',
    authid: client.details.authid,
    authrole: 'anonymous',
    authmethod: 'anonymous',
    serializer: 'cbor',
    transport: 'websocket',
    buffered: 0,
    dropped_events: 0,
    subscriptions: 2,
    registrations: 1,
  });
  const { localPort } = client.wire.socket!;
  assert.equal(peer, `tcp4:127.0.0.1:${localPort}`);
  assert.ok(Math.abs(Date.parse(String(joined)) - Date.now()) < 60_000);
  // HELLO, two SUBSCRIBE, REGISTER, PUBLISH, and an answer to each.
  const sizes = (odd: number): number[] => client.sizes.filter((_, i) => i % 2 === odd);
  const account = (octets: number[]): Account => ({
    bytes: octets.reduce((sum, size) => sum + size, 0),
    messages: octets.length,
    rated_messages: octets.reduce((sum, size) => sum + Math.ceil(size / 512), 0),
  });
  assert.deepEqual(received, account(sizes(0)));
  assert.deepEqual(sent, account(sizes(1)));
  assert.equal(received.rated_messages > received.messages, true);
});

test('sessions are sorted by what the reader asks for, either way', async t => {
  const node = await startNode(t);
  const clients = [await node.join(), await node.join(), await node.join()];
  const [few, many, some] = clients;
  await many!.publish('com.example', ['x'.repeat(2000)]);
  await some!.publish('com.example', ['x'.repeat(500)]);
  for (let i = 0; i < 3; i++) await some!.subscribe(`com.example.${i}`);
  await few!.register('com.example');
  const order = async (query: string) => (await sessionz(node, query)).sessions.map(({ session }) => session);
  const ids = (...list: (typeof few)[]): number[] => list.map(client => client!.session);
  assert.deepEqual(await order(''), ids(many, some, few));
  assert.deepEqual(await order('?sort=bytes&order=asc'), ids(few, some, many));
  assert.deepEqual(await order('?sort=bytes_received'), ids(many, some, few));
  assert.deepEqual((await order('?sort=messages'))[0], some!.session);
  assert.deepEqual((await order('?sort=rated_messages&order=asc')).at(-1), ids(some)[0]);
  assert.deepEqual((await order('?sort=subscriptions'))[0], some!.session);
  assert.deepEqual((await order('?sort=registrations'))[0], few!.session);
  assert.deepEqual(await order('?sort=joined&order=asc'), ids(few, many, some));
  assert.deepEqual(
    await order('?sort=session&order=asc'),
    clients.map(({ session }) => session).sort((a, b) => a - b),
  );
});

test('pages neither repeat nor miss a session, in whatever order', async t => {
  const node = await startNode(t);
  for (let i = 0; i < 7; i++) await node.join();
  for (const sort of ['bytes', 'subscriptions', 'joined', 'session']) {
    const seen: number[] = [];
    for (const offset of [0, 3, 6, 9]) {
      const page = await sessionz(node, `?sort=${sort}&limit=3&offset=${offset}`);
      assert.equal(page.total, 7);
      assert.equal(page.sessions.length, [3, 3, 1, 0][offset / 3]);
      seen.push(...page.sessions.map(({ session }) => session));
    }
    assert.equal(new Set(seen).size, 7, sort);
  }
});

test('one realm can be asked for; one that does not exist is a mistake', async t => {
  const node = await startNode(t);
  const first = await node.join();
  const second = await node.join('rawsocket', 'msgpack', 'realm2');
  const inRealm = async (realm: string) => (await sessionz(node, `?realm=${realm}`)).sessions.map(row => row.session);
  assert.deepEqual(await inRealm('realm1'), [first.session]);
  assert.deepEqual(await inRealm('realm2'), [second.session]);
  const { status, text } = await ask(`${node.url}/sessionz?realm=realm3`);
  assert.deepEqual([status, text], [400, 'parameter realm is "realm3"; the realms here are realm1, realm2\n']);
});

test('who has left is not there any more', async t => {
  const node = await startNode(t);
  const [staying, leaving] = [await node.join(), await node.join()];
  await leaving.leave();
  assert.deepEqual(
    (await sessionz(node)).sessions.map(({ session }) => session),
    [staying.session],
  );
});

test('wrong parameters are refused with their names', async t => {
  const node = await startNode(t);
  const says = async (query: string) => {
    const { status, text } = await ask(`${node.url}/sessionz${query}`);
    assert.equal(status, 400);
    return text;
  };
  assert.match(await says('?limit=0'), /^parameter limit is "0"; give it a whole number from 1 to 10000\n$/);
  assert.match(await says('?limit=10001'), /from 1 to 10000/);
  assert.match(await says('?offset=-1'), /^parameter offset is "-1"/);
  assert.match(await says('?sort=size'), /^parameter sort is "size"; give it one of bytes, bytes_received, /);
  assert.match(await says('?order=up'), /^parameter order is "up"; give it one of desc, asc/);
  assert.match(
    await says('?realms=a'),
    /^\/sessionz has no parameter "realms"; it takes sort, order, limit, offset, realm/,
  );
});
