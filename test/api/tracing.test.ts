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
  readonly #peer;
  readonly #waiting: ((message: unknown[]) => void)[] = [];
  #request = 0;

  constructor(node: Node, realm: string) {
    this.#peer = node.workers[0]!.router.connect('json', { auth: { anonymous: { role: 'anonymous' } } });
    this.#peer.onMessage = bytes => this.#waiting.shift()?.(JSON.parse(bytes.toString()) as unknown[]);
    void this.send([1, realm, { roles: { caller: {} } }]);
  }

  send(message: unknown[]): Promise<unknown[]> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      this.#peer.send(Buffer.from(JSON.stringify(message)));
    });
  }

  async call(name: string, args: unknown[] = [], kwargs?: unknown): Promise<Reply> {
    const message = [48, ++this.#request, {}, `crossbarfabriccenter.${name}`, args];
    const reply = await this.send(kwargs ? [...message, kwargs] : message);
    if (reply[0] === 50) return { ok: true, value: (reply[3] as unknown[])[0] };
    return { ok: false, uri: reply[4] as string, text: (reply[5] as string[])[0]! };
  }

  publish(topic: string, args: unknown[]): Promise<unknown[]> {
    return this.send([16, ++this.#request, { acknowledge: true }, topic, args]);
  }
}

function setUp(): { management: Client; app: Client } {
  const node = new Node(withoutListeners(), { env: {}, log: { info: () => {}, warn: () => {} } });
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
      [{ trace_level: 'action' }, /trace_level is 'action'/],
      [{ trace_app_payload: 1 }, /trace_app_payload is 1; expected a boolean/],
      [{ batching_period: 9 }, /batching_period is 9; expected an integer from 10/],
      [{ batching_period: 10_001 }, /batching_period is 10001/],
      [{ batching_period: true }, /batching_period is true/],
      [{ duration: 0 }, /duration is 0; expected an integer from 1/],
      [{ duration: 86_401 }, /duration is 86401/],
      [{ persist: true }, /persist is true/],
      [{ trace_lvl: 'message' }, /key is 'trace_lvl'; expected one of trace_level/],
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
