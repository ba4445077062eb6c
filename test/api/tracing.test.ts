/** Owns the native tracing API as a client of the management realm meets it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfig } from '../../src/node/config/defaults.js';
import { Node } from '../../src/node/node.js';

type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly uri: string; readonly text: string };

interface Trace {
  readonly status: string;
  readonly next_seq: number;
  readonly id: string;
  readonly runtime: number;
  readonly ended: string | null;
}

interface Record {
  readonly seq: number;
  readonly ts: number;
  readonly pc: number;
  readonly msg_type: string;
  readonly direction: string;
  readonly msg: unknown[];
  readonly correlation: string;
  readonly payload_omitted?: boolean;
}

/** A node that does not listen, with a session in a realm of it. */
class Client {
  /** Arguments of the events received. */
  readonly events: unknown[][] = [];
  readonly #peer;
  readonly #waiting: ((message: unknown[]) => void)[] = [];
  #request = 0;

  constructor(node: Node, realm: string) {
    this.#peer = node.workers[0]!.router.connect('json', { auth: { anonymous: { role: 'anonymous' } } });
    this.#peer.onMessage = bytes => {
      const message = JSON.parse(bytes.toString()) as unknown[];
      if (message[0] === 36) this.events.push(message[4] as unknown[]);
      else this.#waiting.shift()?.(message);
    };
    void this.send([1, realm, { roles: { caller: {} } }]);
  }

  send(message: unknown[]): Promise<unknown[]> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      this.#peer.send(Buffer.from(JSON.stringify(message)));
    });
  }

  call(name: string, args: unknown[] = [], kwargs?: unknown): Promise<Reply> {
    return this.callUri(`crossbarfabriccenter.${name}`, args, kwargs);
  }

  subscribe(topic: string): Promise<unknown[]> {
    return this.send([32, ++this.#request, {}, topic]);
  }

  async callUri(uri: string, args: unknown[], kwargs?: unknown): Promise<Reply> {
    const message = [48, ++this.#request, {}, uri, args];
    const reply = await this.send(kwargs ? [...message, kwargs] : message);
    if (reply[0] === 50) return { ok: true, value: (reply[3] as unknown[])[0] };
    return { ok: false, uri: reply[4] as string, text: (reply[5] as string[])[0]! };
  }

  publish(topic: string, args: unknown[]): Promise<unknown[]> {
    return this.send([16, ++this.#request, { acknowledge: true }, topic, args]);
  }
}

function setUp(readers: { [role: string]: string[] } = {}): { management: Client; app: Client } {
  const config = withoutListeners();
  const management = { ...config.wampscope.management!, readers };
  const node = new Node(
    { ...config, wampscope: { ...config.wampscope, management } },
    { env: {}, log: { info: () => {}, warn: () => {} } },
  );
  node.startManagement();
  return { management: new Client(node, 'com.wampscope.management'), app: new Client(node, 'realm1') };
}

function withoutListeners(): ReturnType<typeof defaultConfig> {
  const config = defaultConfig();
  return { ...config, workers: config.workers.map(worker => ({ ...worker, transports: [] })) };
}

const AT = ['wampscope', 'worker001'] as const;

async function value<T>(reply: Promise<Reply>): Promise<T> {
  const settled = await reply;
  assert.ok(settled.ok, JSON.stringify(settled));
  return settled.value as T;
}

test('nodes, workers, traces: the loop of the tracing document', async () => {
  const { management } = setUp();
  assert.deepEqual(await value(management.call('list_nodes')), ['wampscope']);
  assert.deepEqual(await value(management.call('list_workers', ['wampscope'])), ['worker001']);
  const worker = await value<{ type: string; id: string }>(management.call('get_worker', [...AT]));
  assert.equal(worker.type, 'router');
  assert.deepEqual(await value(management.call('list_traces', [...AT])), []);
  await value(management.call('start_trace', [...AT, 'b']));
  const auto = await value<Trace>(management.call('start_trace', [...AT]));
  assert.equal(auto.id, 'trace1');
  assert.deepEqual(await value(management.call('list_traces', [...AT])), ['b', 'trace1']);
  assert.equal((await value<Trace>(management.call('get_trace', [...AT, 'b']))).status, 'running');
});

test('records of an action, and none of the management realm', async () => {
  const { management, app } = setUp();
  await value(management.call('start_trace', [...AT, 't', { trace_app_payload: true }]));
  await app.publish('com.t', ['x', 1]);
  const records = await value<Record[]>(management.call('get_trace_data', [...AT, 't']));
  assert.deepEqual(
    records.map(r => [r.seq, r.direction, r.msg_type, r.msg.slice(3)]),
    [
      [0, 'rx', 'Publish', ['com.t', ['x', 1]]],
      [1, 'tx', 'Published', []],
    ],
  );
  assert.equal(new Set(records.map(r => r.correlation)).size, 1);
  assert.ok(records[0]!.ts > 1.7e9 && records[0]!.pc < 1e6 && records[0]!.pc > 0);
});

test('a stopped trace records no more and stays readable', async () => {
  const { management, app } = setUp();
  await value(management.call('start_trace', [...AT, 't']));
  await app.publish('com.t', ['x']);
  const stopped = await value<Trace>(management.call('stop_trace', [...AT, 't']));
  await app.publish('com.t', ['x']);
  assert.equal(stopped.status, 'stopped');
  assert.ok(stopped.ended);
  assert.deepEqual(await value(management.call('list_traces', [...AT])), []);
  assert.deepEqual(await value(management.call('list_traces', [...AT, true])), ['t']);
  const records = await value<Record[]>(management.call('get_trace_data', [...AT, 't']));
  assert.equal(records.length, 2);
  assert.equal(records[0]!.payload_omitted, true);
  assert.deepEqual(records[0]!.msg.slice(3), ['com.t']);
});

test('ranges: inclusive, ascending, the newest when only a limit is given', async () => {
  const { management, app } = setUp();
  await value(management.call('start_trace', [...AT, 't']));
  for (let i = 0; i < 75; i++) await app.publish('com.t', [i]);
  const seqs = async (...args: unknown[]): Promise<number[]> =>
    (await value<Record[]>(management.call('get_trace_data', [...AT, 't', ...args]))).map(r => r.seq);
  const run = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  assert.deepEqual(await seqs(), run(50, 149));
  assert.deepEqual(await seqs(null, null, 3), run(147, 149));
  assert.deepEqual(await seqs(0), run(0, 99));
  assert.deepEqual(await seqs(10, 12), run(10, 12));
  assert.deepEqual(await seqs(10, 100, 5), run(10, 14));
  assert.deepEqual(await seqs(null, 20, 5), run(16, 20));
  assert.deepEqual(await seqs(12, 10), []);
  assert.deepEqual(await seqs(1000), []);
  assert.deepEqual(await seqs(0, null, 10_000), run(0, 149));
  assert.deepEqual(await seqs(0, 149, 0), []);
});

const REFUSED: readonly [name: string, args: unknown[], uri: string, text: RegExp][] = [
  ['list_workers', ['nope'], 'crossbar.error.no_such_object', /No node with ID 'nope'/],
  ['list_workers', [], 'wamp.error.invalid_argument', /node_id is undefined; expected a string/],
  ['get_worker', ['wampscope', 'w'], 'crossbar.error.no_such_worker', /No worker with ID 'w'.*'worker001'/],
  ['get_trace', [...AT, 'x'], 'crossbar.error.no_such_object', /No trace with ID 'x'/],
  ['stop_trace', [...AT, 'x'], 'crossbar.error.no_such_object', /No trace with ID 'x'/],
  ['get_trace_data', [...AT, 'x'], 'crossbar.error.no_such_object', /No trace with ID 'x'/],
  ['get_trace_data', [...AT, 't', 0, null, 10_001], 'wamp.error.invalid_argument', /limit is 10001; expected .* 10000/],
  ['get_trace_data', [...AT, 't', -1], 'wamp.error.invalid_argument', /from_seq is -1/],
  ['get_trace_data', [...AT, 't', 'a'], 'wamp.error.invalid_argument', /from_seq is 'a'/],
  ['get_trace_data', [...AT, 't', 0, 0, 0, 0], 'wamp.error.invalid_argument', /7 arguments; expected at most 6/],
  ['start_trace', [...AT, 't'], 'crossbar.error.already_running', /"t" is already running/],
  ['start_trace', [...AT, 7], 'wamp.error.invalid_argument', /trace_id is 7/],
  ['start_trace', [...AT, '../x'], 'wamp.error.invalid_argument', /trace_id is "\.\.\/x"/],
  ...(
    [
      [{ trace_level: 'all' }, /trace_level is 'all'; expected "message" or "action"/],
      [
        { trace_level: 'action', trace_app_payload: true },
        /trace_app_payload is true; expected false with trace_level "action"/,
      ],
      [{ filter: { uri: 1 } }, /filter.uri is 1; expected a string/],
      [{ filter: { url: 'x' } }, /key of filter is 'url'; expected one of realm/],
      [{ filter: { match: 'prefix' } }, /filter.match is 'prefix'; expected it together with filter.uri/],
      [{ filter: { uri: 'a', match: 'wildcard' } }, /filter.match is 'wildcard'/],
      [{ filter: { msg_type: ['Calls'] } }, /filter.msg_type is 'Calls'; expected one of Hello/],
      [{ filter: { msg_type: [] } }, /filter.msg_type is \[\]; expected one type of message at least/],
      [{ trace_level: 'action', filter: { msg_type: 'Call' } }, /filter.msg_type is \[ 'Call' \]; expected none with/],
      [
        { trace_level: 'action', filter: { direction: 'tx' } },
        /filter.direction is 'tx'; expected none with trace_level/,
      ],
      [{ filter: { direction: 'in' } }, /filter.direction is 'in'/],
      [{ filter: { session: 0 } }, /filter.session is 0; expected a session id/],
      [{ filter: { min_duration: -1 } }, /filter.min_duration is -1/],
      [{ redact: 'password' }, /redact is 'password'; expected a list of strings/],
      [{ max_records: 0 }, /max_records is 0/],
      [{ max_bytes: 1 }, /max_bytes is 1/],
      [{ limit: 0 }, /limit is 0; expected an integer from 1 to 86400/],
      [{ internal: 1 }, /internal is 1/],
      [{ otel: 'yes' }, /otel is 'yes'/],
      [{ trace_app_payload: 1 }, /trace_app_payload is 1; expected a boolean/],
      [{ batching_period: 9 }, /batching_period is 9; expected an integer from 10/],
      [{ batching_period: 10_001 }, /batching_period is 10001/],
      [{ batching_period: true }, /batching_period is true/],
      [{ duration: 0 }, /duration is 0; expected an integer from 1/],
      [{ duration: 86_401 }, /duration is 86401/],
      [{ persist: 1 }, /persist is 1; expected a boolean/],
      [{ trace_lvl: 'message' }, /key of trace_options is 'trace_lvl'; expected one of trace_level/],
      ['message', /trace_options is 'message'; expected a dict/],
    ] as const
  ).map(([options, text]): [string, unknown[], string, RegExp] => [
    'start_trace',
    [...AT, 'new', options],
    'crossbar.error.invalid_configuration',
    text,
  ]),
];

test('wrong arguments are refused, each with the thing, the value and what was expected', async () => {
  const { management } = setUp();
  await value(management.call('start_trace', [...AT, 't']));
  for (const [name, args, uri, text] of REFUSED) {
    const reply = await management.call(name, args);
    assert.ok(!reply.ok, `${name} ${JSON.stringify(args)} was accepted`);
    assert.equal(reply.uri, uri);
    assert.match(reply.text, text);
  }
  for (const options of [
    { batching_period: 10 },
    { batching_period: 10_000 },
    { duration: 1 },
    { duration: 86_400 },
    null,
  ]) {
    const { id } = await value<Trace>(management.call('start_trace', [...AT, null, options]));
    await value(management.call('stop_trace', [...AT, id]));
  }
});

test('every name of a procedure reaches the same handler', async () => {
  const { management } = setUp();
  await value(management.call('start_trace', [...AT, 't']));
  const later = (name: string, args: unknown[]): Promise<unknown> => value(management.callUri(name, args));
  const { id } = (await later('crossbarfabriccenter.remote.tracing.get_trace', [...AT, 't'])) as Trace;
  assert.equal(id, 't');
  assert.deepEqual(await later('crossbarfabriccenter.mrealm.get_nodes', []), ['wampscope']);
  assert.deepEqual(await later('crossbarfabriccenter.mrealm.get_nodes', ['offline']), []);
  assert.deepEqual(await later('crossbarfabriccenter.remote.node.get_workers', ['wampscope']), ['worker001']);
  assert.deepEqual(await later('crossbarfabriccenter.remote.node.get_workers', ['wampscope', ['container']]), []);
  assert.deepEqual(await later('crossbarfabriccenter.remote.tracing.get_traces', [...AT]), ['t']);
  assert.deepEqual(await later('crossbar.worker.worker001.get_traces', []), ['t']);
  assert.deepEqual(await later('crossbar.worker.worker001.get_trace_data', ['t', 0]), []);
  const status = (await later('crossbarfabriccenter.remote.node.get_status', ['wampscope'])) as {
    workers_by_type: unknown;
  };
  assert.deepEqual(status.workers_by_type, { router: 1 });
  await later('crossbar.worker.worker001.delete_trace', ['t']);
  assert.deepEqual(await value(management.call('list_traces', [...AT, true])), []);
});

test('events tell of start, data and stop, by all names, and of nothing when there is nothing', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { management, app } = setUp();
  for (const topic of ['on_trace_started', 'on_trace_data', 'on_trace_stopped']) {
    await management.subscribe(`crossbarfabriccenter.${topic}`);
  }
  await management.subscribe('crossbar.worker.worker001.on_trace_data');
  await value(management.call('start_trace', [...AT, 't']));
  t.mock.timers.tick(200);
  await app.publish('com.t', ['x']);
  t.mock.timers.tick(200);
  await app.publish('com.t', ['y']);
  await value(management.call('stop_trace', [...AT, 't']));
  await new Promise(resolve => setImmediate(resolve));
  const heard = management.events.map(args => args.filter(arg => typeof arg !== 'object' || Array.isArray(arg)));
  assert.deepEqual(
    heard.map(args => args.map(arg => (Array.isArray(arg) ? (arg as Record[]).map(r => r.seq) : arg))),
    [
      [...AT, 't'],
      [...AT, 't', [0, 1]],
      ['t', [0, 1]],
      [...AT, 't', [2, 3]],
      ['t', [2, 3]],
      [...AT, 't'],
    ],
  );
});

test('a role that may see some realms only: its traces name one, and other records stay hidden', async () => {
  const { management, app } = setUp({ anonymous: ['realm2'] });
  const refused = await management.call('start_trace', [...AT, 't']);
  assert.ok(!refused.ok && refused.uri === 'wamp.error.not_authorized', JSON.stringify(refused));
  await value(management.call('start_trace', [...AT, 't', { filter: { realm: 'realm2' } }]));
  await app.publish('com.t', ['x']);
  assert.deepEqual(await value(management.call('get_trace_data', [...AT, 't'])), []);
});

test('a result stops at 8 MiB and the caller pages on', async () => {
  const { management, app } = setUp();
  await value(management.call('start_trace', [...AT, 't', { trace_app_payload: true, max_bytes: 1 << 26 }]));
  for (let i = 0; i < 10; i++) await app.publish('com.t', ['x'.repeat(1 << 20)]);
  const first = await value<Record[]>(management.call('get_trace_data', [...AT, 't', 0, null, 100]));
  assert.ok(first.length >= 12 && first.length < 18, String(first.length));
  const rest = await value<Record[]>(management.call('get_trace_data', [...AT, 't', first.length, null, 100]));
  assert.equal(first.length + rest.length, 20);
});

test('arguments by name', async () => {
  const { management } = setUp();
  const at = { node_id: 'wampscope', worker_id: 'worker001' };
  const { id } = await value<Trace>(management.call('start_trace', [], { ...at, trace_id: 'named' }));
  assert.equal(id, 'named');
  assert.deepEqual(await value(management.call('get_trace_data', [], { ...at, trace_id: 'named', limit: 1 })), []);
  const reply = await management.call('get_trace', [], { ...at, trace: 'named' });
  assert.ok(!reply.ok && /keyword trace; expected/.test(reply.text));
});

test('a trace with a duration stops by itself', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { management } = setUp();
  await value(management.call('start_trace', [...AT, 't', { duration: 2 }]));
  t.mock.timers.tick(1999);
  assert.equal((await value<Trace>(management.call('get_trace', [...AT, 't']))).status, 'running');
  t.mock.timers.tick(1);
  assert.equal((await value<Trace>(management.call('get_trace', [...AT, 't']))).status, 'stopped');
});
