/** Proves that the metrics of calls tell what callers and callees saw, by procedure and ending. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY, type Client } from '../../helpers/client.js';
import { type MeteredNode, meteredNode, settled, valuesOf } from './metered-node.js';

const DURATION = 'rpc_server_call_duration_seconds';

function labels(method: string, status: string, type = ''): string {
  const rpc = `rpc_system_name="wamp",rpc_method="${method}",rpc_status_code="${status}",error_type="${type}"`;
  return `realm="realm1",${rpc}`;
}

async function registered(client: Client, uri: string, options = {}): Promise<number> {
  const message = await client.receives([65, client.request(64, options, uri), ANY]);
  return message[2] as number;
}

/** One call that its callee answers; the answer is what `reply` makes of the invocation. */
async function answered(caller: Client, callee: Client, uri: string, reply: (id: number) => unknown[]): Promise<void> {
  caller.request(48, {}, uri);
  const [, id] = await callee.next('INVOCATION');
  callee.send(reply(id as number) as [number]);
  await caller.next('RESULT or ERROR');
}

const yields = (id: number): unknown[] => [70, id, {}, [1]];
const fails = (id: number): unknown[] => [8, 68, id, {}, 'com.example.error.no'];

async function counts({ read }: MeteredNode): Promise<Record<string, number>> {
  return valuesOf(await read(), `${DURATION}_count`);
}

test('calls are counted by registered procedure and by how they ended', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.add');
  for (let i = 0; i < 3; i++) await answered(caller, callee, 'com.example.add', yields);
  await answered(caller, callee, 'com.example.add', fails);
  assert.deepEqual(await counts(node), {
    [labels('com.example.add', 'OK')]: 3,
    [labels('com.example.add', 'com.example.error.no', 'com.example.error.no')]: 1,
  });
});

test('a call that no registration takes counts as _OTHER: what callers make up is no label', async t => {
  const node = await meteredNode(t);
  const caller = await node.join();
  for (const uri of ['com.example.a', 'com.example.b'])
    await caller.refused('wamp.error.no_such_procedure', 48, {}, uri);
  const uri = 'wamp.error.no_such_procedure';
  assert.deepEqual(await counts(node), { [labels('_OTHER', uri, uri)]: 2 });
  const errors = valuesOf(await node.read(), 'wamp_errors_total');
  assert.deepEqual(errors, { [`realm="realm1",request_type="CALL",error_type="${uri}"`]: 2 });
});

test('calls of a pattern have the pattern as their method', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.', { match: 'prefix' });
  for (const uri of ['com.example.a', 'com.example.b']) await answered(caller, callee, uri, yields);
  assert.deepEqual(await counts(node), { [labels('com.example.', 'OK')]: 2 });
});

test('a canceled call is no failure, a callee that leaves is one', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.slow');
  const first = caller.request(48, {}, 'com.example.slow');
  await callee.receives([68, ANY, ANY, {}]);
  caller.send([49, first, { mode: 'skip' }]);
  await caller.receivesError(48, first, 'wamp.error.canceled');
  const second = caller.request(48, {}, 'com.example.slow');
  await callee.receives([68, ANY, ANY, {}]);
  callee.wire.close();
  await caller.receivesError(48, second, 'wamp.error.canceled');
  assert.deepEqual(await counts(node), {
    [labels('com.example.slow', 'wamp.error.canceled')]: 1,
    [labels('com.example.slow', 'wamp.error.canceled', 'callee_disconnected')]: 1,
  });
});

test('a call whose caller leaves has ended, without a failure', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.slow');
  caller.request(48, {}, 'com.example.slow');
  await callee.receives([68, ANY, ANY, {}]);
  assert.equal((await node.read()).get('wamp_call_inflight{realm="realm1"}'), 1);
  await caller.leave();
  const metrics = await node.read();
  assert.equal(metrics.get('wamp_call_inflight{realm="realm1"}'), 0);
  const ended = valuesOf(metrics, `${DURATION}_count`);
  assert.deepEqual(ended, { [labels('com.example.slow', 'wamp.error.canceled')]: 1 });
});

test('durations are those that a caller sees, at least as long as the callee took', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.slow');
  // In memory everything so far was one turn, which would be the call's beginning too.
  await settled();
  const before = performance.now();
  caller.request(48, {}, 'com.example.slow');
  const [, id] = await callee.next('INVOCATION');
  await new Promise(resolve => setTimeout(resolve, 60));
  callee.send([70, id, {}]);
  await caller.next('RESULT');
  await settled();
  const seen = (performance.now() - before) / 1000;
  const metrics = await node.read();
  const [sum] = Object.values(valuesOf(metrics, `${DURATION}_sum`));
  assert.ok(sum! >= 0.058 && sum! <= seen, `${sum} of ${seen}`);
  const [callees] = Object.values(valuesOf(metrics, 'wamp_callee_time_seconds_sum'));
  assert.ok(callees! >= 0.058 && callees! <= sum!, `${callees} of ${sum}`);
  for (const leg of ['call', 'result']) {
    assert.equal(metrics.get(`wamp_router_time_seconds_count{realm="realm1",leg="${leg}"}`), 1);
  }
});

test('above the configured number procedures share _OTHER, and each is counted as overflow', async t => {
  const node = await meteredNode(t, { metrics: { procedures: 2 } });
  const [caller, callee] = [await node.join(), await node.join()];
  for (const name of ['a', 'b', 'c', 'd']) {
    await registered(callee, `com.example.${name}`);
    await answered(caller, callee, `com.example.${name}`, yields);
  }
  const metrics = await node.read();
  assert.deepEqual(valuesOf(metrics, `${DURATION}_count`), {
    [labels('com.example.a', 'OK')]: 1,
    [labels('com.example.b', 'OK')]: 1,
    [labels('_OTHER', 'OK')]: 2,
  });
  assert.equal(metrics.get('wamp_metric_overflow_total{label="rpc_method"}'), 2);
});

test('a procedure that is registered again goes on where it was', async t => {
  const node = await meteredNode(t, { metrics: { procedures: 1 } });
  const [caller, callee] = [await node.join(), await node.join()];
  for (let times = 0; times < 3; times++) {
    const registration = await registered(callee, 'com.example.again');
    await answered(caller, callee, 'com.example.again', yields);
    await callee.receives([67, callee.request(66, registration)]);
  }
  assert.deepEqual(await counts(node), { [labels('com.example.again', 'OK')]: 3 });
});

test('errors that callees make up do not make labels without end', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.add');
  for (let i = 0; i < 300; i++) {
    await answered(caller, callee, 'com.example.add', id => [8, 68, id, {}, `com.example.error.e${i}`]);
  }
  const metrics = await node.read();
  const endings = valuesOf(metrics, `${DURATION}_count`);
  assert.ok(Object.keys(endings).length < 250, `${Object.keys(endings).length} series`);
  assert.equal(
    Object.values(endings).reduce((sum, count) => sum + count, 0),
    300,
  );
  assert.equal(Object.keys(valuesOf(metrics, 'wamp_errors_total')).length, 201);
  assert.ok(metrics.get('wamp_metric_overflow_total{label="error_type"}')! > 0);
});

test('progressive results are counted, and the call ends with the last', async t => {
  const node = await meteredNode(t);
  const [caller, callee] = [await node.join(), await node.join()];
  await registered(callee, 'com.example.stream');
  const request = caller.request(48, { receive_progress: true }, 'com.example.stream');
  const [, id] = await callee.next('INVOCATION');
  for (let i = 0; i < 4; i++) callee.send([70, id, { progress: true }, [i]]);
  callee.send([70, id, {}]);
  for (let i = 0; i < 4; i++) await caller.receives([50, request, { progress: true }, [i]]);
  await caller.receives([50, request, {}]);
  const metrics = await node.read();
  assert.equal(metrics.get('wamp_call_progress_results_total{realm="realm1"}'), 4);
  assert.deepEqual(valuesOf(metrics, `${DURATION}_count`), { [labels('com.example.stream', 'OK')]: 1 });
});
