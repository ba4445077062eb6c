/**
 * Owns the proof that a trace is complete and true: random traffic over all links, read back through the API and
 * compared with what a proxy saw cross the wire. WAMPSCOPE_ORACLE_MESSAGES=200000 makes it the large one.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WireProxy } from '../e2e/proxy.js';
import { checkActions } from './actions.js';
import { compare } from './book.js';
import { group } from './grouping.js';
import { type ActionRecord, type MessageRecord, TracedRouter } from './traced-router.js';
import { Traffic } from './traffic.js';
import { judge, type Outcome } from './verdict.js';

const MESSAGES = Number(process.env.WAMPSCOPE_ORACLE_MESSAGES ?? 20_000);
const SEED = Number(process.env.WAMPSCOPE_ORACLE_SEED ?? 1);
/** On the wire there are handshakes and meta events besides, which a trace leaves out: a tenth to a third of all. */
const ON_WIRE = MESSAGES * 1.5;
const LEAST = 50;
const OUTCOMES: readonly Outcome[] = ['ok', 'error', 'canceled', 'timeout', 'caller_gone', 'callee_gone'];

test(`the trace is what crossed the wire: ${MESSAGES} messages, seed ${SEED}`, {
  timeout: 60_000 + MESSAGES,
}, async t => {
  const router = await TracedRouter.start();
  const proxy = await WireProxy.listen(router.port);
  t.after(async () => {
    await proxy.close();
    await router.stop();
  });
  await router.startTrace('messages', { trace_app_payload: true, max_bytes: 1 << 30 });
  await router.startTrace('actions', { trace_level: 'action' });

  const traffic = new Traffic(SEED, proxy.port);
  await traffic.run(() => sumOf(proxy) >= ON_WIRE || t.signal.aborted);
  for (let i = 0; router.connections > 0; i++) {
    assert.ok(i < 500, 'connections that do not end');
    await sleep(10);
  }
  assert.equal(router.openActions, 0, 'when everybody has left, nothing is going on');
  const actionRecords = await router.readTrace<ActionRecord>('actions');
  const records = await router.readTrace<MessageRecord>('messages');

  const comparison = compare(proxy.wires, records);
  assert.ok(comparison.agreed >= MESSAGES, `${comparison.agreed} messages`);
  const verdicts = group(records).map(action => judge(action, comparison.killedSessions));
  assert.equal(new Set(verdicts.map(verdict => verdict.correlation)).size, verdicts.length, 'mixed correlations');
  checkActions(verdicts, actionRecords);
  const counts = new Map<Outcome, number>();
  for (const { outcome } of verdicts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  t.diagnostic(`${verdicts.length} actions ${JSON.stringify(Object.fromEntries(counts))}`);
  const late = records.filter(record => record.late).length;
  const unrelated = records.filter(record => record.correlation === null).length;
  const killedSessions = comparison.killedSessions.size;
  t.diagnostic(JSON.stringify({ ...comparison, killedSessions, late, unrelated, proxied: sumOf(proxy) }));
  for (const outcome of OUTCOMES) assert.ok((counts.get(outcome) ?? 0) >= LEAST, `too few actions ended ${outcome}`);
  assert.deepEqual(router.warnings, []);
});

function sumOf(proxy: WireProxy): number {
  return proxy.wires.reduce((sum, wire) => sum + wire.messages.length, 0);
}
