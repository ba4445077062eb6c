/** Owns what `persist: true` promises over the API: records and traces outlive the router, whole and as they were. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TestClient } from '../trace/observed.js';
import { ApiError, type ApiRecord, PersistingNode, temporaryDirectory } from './persisting-node.js';

const PERSIST = { persist: true, trace_app_payload: true };

async function started(t: TestContext, store: object | undefined): Promise<PersistingNode> {
  const node = await PersistingNode.start(store);
  t.after(() => node.stop());
  return node;
}

/** A procedure that answers, and one that never does. */
async function offer(callee: TestClient): Promise<void> {
  await callee.request([64, undefined, {}, 'com.example.echo']);
  await callee.request([64, undefined, {}, 'com.example.never']);
}

/** Calls the echo procedure and lets its callee answer. */
async function echo(caller: TestClient, callee: TestClient, word: string): Promise<void> {
  await caller.request([48, undefined, {}, 'com.example.echo', [word]]);
  const [, invocation] = callee.last;
  await callee.send([70, invocation, {}, [word]]);
}

async function refused(call: Promise<unknown>): Promise<[uri: string, message: string]> {
  const error = await call.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw error;
  return [error.uri, error.message];
}

function lastOnes(records: readonly ApiRecord[], uri: string): number {
  return records.filter(record => record.uri === uri && record.correlation_is_last).length;
}

test('persist without a store is refused, and the sentence names the key', async t => {
  const node = await started(t, undefined);
  const [uri, message] = await refused(node.call('start_trace', 't', { persist: true }));
  assert.equal(uri, 'crossbar.error.invalid_configuration');
  assert.match(message, /persist is true; expected false, or a node with a store .*"wampscope": \{"store": \{\}\}/);
  assert.deepEqual(await node.call('list_traces', true), []);
});

test('after a restart a persisted trace is listed and read as it was, at both levels', async t => {
  const directory = temporaryDirectory(t);
  const first = await PersistingNode.start({ directory });
  await first.call('start_trace', 'messages', PERSIST);
  await first.call('start_trace', 'actions', { persist: true, trace_level: 'action' });
  await first.call('start_trace', 'memory', {});
  const [caller, callee] = [await first.join(), await first.join()];
  await offer(callee);
  await callee.request([32, undefined, {}, 'com.example.topic']);
  for (const word of ['one', 'two', 'three']) {
    await echo(caller, callee, word);
    await caller.request([16, undefined, { acknowledge: true }, 'com.example.topic', [word], { ключ: word }]);
  }
  await first.call('stop_trace', 'messages');
  await first.persisted('messages');
  await first.persisted('actions');
  const before = [await first.trace('messages'), await first.trace('actions')];
  const records = [await first.records('messages'), await first.records('actions')];
  assert.ok(records[0]!.length > 20 && records[1]!.length > 6);
  await first.stop();

  const second = await started(t, { directory });
  assert.deepEqual(await second.call('list_traces', false), []);
  assert.deepEqual(await second.call('list_traces', true), ['actions', 'messages']);
  assert.deepEqual(await second.callAt('worker2', 'list_traces', true), [], 'they are those of the first worker');
  const [messages, actions] = [await second.trace('messages'), await second.trace('actions')];
  assert.deepEqual({ ...messages, next_period: 0 }, { ...before[0], next_period: 0 });
  assert.equal(messages.stopped_reason, 'requested');
  assert.deepEqual([actions.status, actions.stopped_reason], ['stopped', 'shutdown']);
  assert.deepEqual(actions.options, before[1]!.options);
  assert.deepEqual([await second.records('messages'), await second.records('actions')], records);
  assert.deepEqual(await second.records('messages', 3, 5), records[0]!.slice(3, 6));
  assert.deepEqual(
    await second.call('get_trace_data', 'messages', null, null, 4),
    records[0]!.slice(-4),
    'with a limit alone the newest',
  );
});

test('a trace tells what is stored of it while it runs', async t => {
  const node = await started(t, { directory: temporaryDirectory(t) });
  await node.call('start_trace', 't', PERSIST);
  const empty = await node.trace();
  assert.match(empty.persistent_id!, /^[0-9a-f-]{36}$/);
  assert.deepEqual([empty.persisted_seq, empty.persist_error, empty.dropped], [null, null, 0]);
  const caller = await node.join();
  await caller.request([48, undefined, {}, 'com.example.nobody']);
  const { persisted_seq, next_seq } = await node.persisted();
  assert.deepEqual([persisted_seq, next_seq], [1, 2]);
  await node.call('start_trace', 'memory', {});
  const memory = await node.trace('memory');
  assert.deepEqual([memory.persistent_id, memory.persisted_seq, memory.persist_error], [null, null, null]);
});

test('what has left the memory is read from the store, and nothing counts as dropped', async t => {
  const node = await started(t, { directory: temporaryDirectory(t) });
  await node.call('start_trace', 't', { ...PERSIST, max_records: 1 });
  const [publisher, subscriber] = [await node.join(), await node.join()];
  await subscriber.request([32, undefined, {}, 'com.example.topic']);
  for (let i = 0; i < 10_000; i++) await publisher.request([16, undefined, {}, 'com.example.topic', [i]]);
  const trace = await node.persisted();
  assert.deepEqual([trace.first_seq, trace.next_seq, trace.dropped], [0, 20_002, 0]);
  const records = [...(await node.records('t', 0, 9999)), ...(await node.records('t', 10_000))];
  const more = await node.records('t', 20_000);
  assert.deepEqual(
    [...records, ...more].map(({ seq }) => seq),
    Array.from({ length: 20_002 }, (_, seq) => seq),
  );
  const tokens = [...records, ...more].filter(({ msg_type }) => msg_type === 'Publish').map(({ msg }) => msg[4]);
  assert.deepEqual(
    tokens,
    Array.from({ length: 10_000 }, (_, i) => [i]),
  );
});

test('an action that ends without a message has one last record in the store, whenever that was handed over', async t => {
  const directory = temporaryDirectory(t);
  const first = await PersistingNode.start({ directory });
  await first.call('start_trace', 't', { ...PERSIST, max_records: 1 });
  const [caller, callee, publisher] = [await first.join(), await first.join(), await first.join()];
  await offer(callee);
  await caller.request([48, undefined, {}, 'com.example.never']);
  await first.persisted();
  // The records of the call leave the memory.
  for (let i = 0; i < 17_000; i++) await publisher.request([16, undefined, {}, 'com.example.topic']);
  await first.persisted();
  assert.equal(lastOnes(await first.records('t', 0, 10), 'com.example.never'), 1, 'that of the registration');
  await caller.close();
  const [pending] = [await first.join()];
  await pending.request([48, undefined, {}, 'com.example.never']);
  await first.stop();

  const second = await started(t, { directory });
  const records = await second.records('t', 0, 10);
  const own = records.filter(({ uri }) => uri === 'com.example.never');
  assert.deepEqual(
    own.map(({ msg_type, correlation_is_last }) => [msg_type, correlation_is_last]),
    [
      ['Register', false],
      ['Registered', true],
      ['Call', false],
      ['Invocation', true],
    ],
  );
  // Shutdown ends its session, and with it the second call.
  const all = [...records, ...(await second.records('t', 17_000))];
  assert.equal(lastOnes(all, 'com.example.never'), 3);
});

test('a stored record names its span, whether that was kept at the beginning or at the end', async t => {
  const directory = temporaryDirectory(t);
  // Nobody listens there: spans are made all the same.
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_EXPORT_TIMEOUT: '100' };
  const first = await PersistingNode.start({ directory }, env);
  await first.call('start_trace', 'forced', { filter: { uri: 'com.example.echo' }, otel: true });
  await first.call('start_trace', 't', PERSIST);
  const [caller, callee] = [await first.join(), await first.join()];
  await offer(callee);
  await echo(caller, callee, 'kept at the beginning');
  await caller.request([48, undefined, {}, 'com.example.never']);
  const [, invocation] = callee.last;
  // The call is in the store before it is known to fail.
  const open = await first.persisted();
  await callee.send([8, 68, invocation, {}, 'com.example.failed']);
  await caller.request([16, undefined, {}, 'com.example.unkept']);
  await first.persisted();
  const before = await first.records();
  await first.stop();

  const second = await started(t, { directory });
  const records = await second.records();
  assert.deepEqual(records, before);
  const spans = (from: number): (string | null)[] => records.slice(from, from + 4).map(({ span_id }) => span_id);
  const at = records.findIndex(({ msg_type }) => msg_type === 'Call');
  for (const [call, invoke, answer, result] of [spans(at), spans(at + 4)]) {
    assert.match(call!, /^[0-9a-f]{16}$/);
    assert.deepEqual([answer, result], [invoke, call]);
    assert.notEqual(call, invoke);
  }
  assert.equal(open.persisted_seq, at + 5);
  assert.deepEqual([records.at(-1)!.msg_type, records.at(-1)!.span_id], ['Publish', null]);
});

test('a stored id cannot be started anew until it is deleted, and free ids are found beside stored ones', async t => {
  const directory = temporaryDirectory(t);
  const first = await PersistingNode.start({ directory });
  await first.call('start_trace', 'trace1', PERSIST);
  await first.stop();
  const second = await started(t, { directory });
  for (const options of [PERSIST, {}]) {
    const [uri, message] = await refused(second.call('start_trace', 'trace1', options));
    assert.equal(uri, 'crossbar.error.already_exists');
    assert.match(message, /a trace with ID "trace1" is stored; delete it first, or choose another ID/);
  }
  assert.equal((await second.call<{ id: string }>('start_trace', null, {})).id, 'trace2');
  await second.call('delete_trace', 'trace1');
  assert.equal((await refused(second.call('get_trace', 'trace1')))[0], 'crossbar.error.no_such_object');
  await second.call('start_trace', 'trace1', PERSIST);
});

test('a running persisted trace is stopped and deleted, from the store too', async t => {
  const directory = temporaryDirectory(t);
  const first = await PersistingNode.start({ directory });
  await first.call('start_trace', 't', PERSIST);
  const caller = await first.join();
  for (let i = 0; i < 5000; i++) await caller.request([16, undefined, {}, 'com.example.topic', [i]]);
  await first.call('delete_trace', 't');
  assert.deepEqual(await first.call('list_traces', true), []);
  await first.stop();
  const second = await started(t, { directory });
  assert.deepEqual(await second.call('list_traces', true), []);
});

test('traces that are pushed out of memory stay readable from the store', async t => {
  const node = await started(t, { directory: temporaryDirectory(t) });
  const caller = await node.join();
  for (let i = 0; i < 6; i++) {
    await node.call('start_trace', `t${i}`, PERSIST);
    await caller.request([16, undefined, {}, 'com.example.topic', [i]]);
    await node.call('stop_trace', `t${i}`);
  }
  assert.deepEqual(await node.call('list_traces', true), ['t0', 't1', 't2', 't3', 't4', 't5']);
  for (let i = 0; i < 6; i++) {
    const { status, next_seq } = await node.persisted(`t${i}`);
    const [record] = await node.records(`t${i}`);
    assert.deepEqual([status, next_seq, record!.msg.at(-1)], ['stopped', 1, [i]]);
  }
});

test('the limits of the store are told by get_status, and what they took is gone for good', async t => {
  const directory = temporaryDirectory(t);
  const node = await started(t, { directory, max_bytes: 1 << 20, max_age: 3600 });
  const caller = await node.join();
  const publish = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) await caller.request([16, undefined, {}, 'com.example.topic', ['x'.repeat(20_000)]]);
  };
  await node.call('start_trace', 'old', PERSIST);
  await publish();
  await node.call('stop_trace', 'old');
  await node.persisted('old');
  await node.call('start_trace', 'new', PERSIST);
  await publish();
  await node.persisted('new');
  const old = await node.until(({ persisted_seq }) => persisted_seq === null, 'old');
  assert.equal(old.dropped, 0, 'the memory still has them');
  assert.match(node.warnings.join(), /was removed, because the store is over its limits/);
  await publish();
  const trimmed = await node.until(({ first_seq, dropped }) => first_seq === dropped, 'new');
  assert.equal(trimmed.next_seq, 80);
  interface Status {
    readonly trace_store: { readonly max_bytes: number; readonly max_age: number; readonly bytes: number };
  }
  const { trace_store } = await node.status<Status>();
  assert.deepEqual([trace_store.max_bytes, trace_store.max_age], [1 << 20, 3600]);
});
