/** Owns the invocations that outlive their canceled calls: each is told of once, when it has ended. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedAction } from '../../src/trace/action.js';
import type { TracedInvocation } from '../../src/trace/invocation.js';
import { LATE_GRACE_MS } from '../../src/trace/late-answers.js';
import { Observed, type TestClient } from './observed.js';

const [ERROR, CALL, CANCEL, REGISTER, INVOCATION, YIELD] = [8, 48, 49, 64, 68, 70];

interface Told {
  readonly action: TracedAction;
  readonly invocation: TracedInvocation;
}

/** A caller that has canceled its call of `com.p` in mode `skip`. */
async function canceled(): Promise<{
  o: Observed;
  told: Told[];
  call: TracedAction;
  callee: TestClient;
  caller: TestClient;
}> {
  const o = new Observed();
  const told: Told[] = [];
  o.observe({ onLateInvocation: (action, invocation) => told.push({ action, invocation }) });
  const [caller, callee] = [await o.client(), await o.client()];
  await callee.request([REGISTER, undefined, {}, 'com.p']);
  await callAndCancel(caller);
  const [call] = o.actions('call');
  assert.equal(call!.outcome, 'canceled');
  assert.equal(call!.cancelMode, 'skip');
  assert.equal(call!.invocations![0]!.outlives, true);
  assert.equal(call!.invocations![0]!.outcome, undefined);
  return { o, told, call: call!, callee, caller };
}

async function callAndCancel(caller: TestClient): Promise<void> {
  const request = await caller.request([CALL, undefined, {}, 'com.p']);
  await caller.send([CANCEL, request, { mode: 'skip' }]);
}

const idOf = (callee: { received: unknown[][] }): unknown => callee.received.find(m => m[0] === INVOCATION)![1];

test('a YIELD that comes late ends it well', async () => {
  const { told, call, callee } = await canceled();
  await callee.send([YIELD, idOf(callee), {}, ['too late']]);
  assert.equal(told.length, 1);
  const [{ action, invocation }] = told as [Told];
  assert.equal(action, call);
  assert.deepEqual([invocation.outcome, invocation.answeredLate, invocation.error], ['ok', true, '']);
  assert.ok(invocation.endedAt > call.endedAt);
});

test('an ERROR that comes late ends it with its URI', async () => {
  const { told, callee } = await canceled();
  await callee.send([ERROR, INVOCATION, idOf(callee), {}, 'com.example.error.oops']);
  const [{ invocation }] = told as [Told];
  assert.deepEqual([invocation.outcome, invocation.answeredLate], ['error', true]);
  assert.equal(invocation.error, 'com.example.error.oops');
});

test('a callee that leaves ends it', async () => {
  const { told, callee } = await canceled();
  await callee.send([6, {}, 'wamp.close.close_realm']);
  const [{ invocation }] = told as [Told];
  assert.deepEqual([invocation.outcome, invocation.answeredLate], ['callee_gone', false]);
});

test('a callee that never answers is given up, and its answer is known for what it is all the same', async () => {
  const { o, told, call, callee } = await canceled();
  o.correlator.tick(call.endedAt + LATE_GRACE_MS);
  assert.equal(told.length, 0);
  o.correlator.tick(call.endedAt + LATE_GRACE_MS + 1);
  o.correlator.tick(call.endedAt + LATE_GRACE_MS + 2);
  assert.equal(told.length, 1);
  assert.deepEqual([told[0]!.invocation.outcome, told[0]!.invocation.answeredLate], ['canceled', false]);
  await callee.send([YIELD, idOf(callee), {}]);
  assert.equal(told.length, 1);
  assert.equal(o.story(call).at(-1), 'rx 70');
});

test('one too many pushes the oldest out', async () => {
  const { told, caller, callee, o } = await canceled();
  for (let i = 0; i < 10_000; i++) {
    await callAndCancel(caller);
  }
  assert.equal(told.length, 1);
  assert.equal(told[0]!.invocation.outcome, 'canceled');
  assert.ok(told[0]!.invocation.endedAt >= o.actions('call')[0]!.endedAt);
  assert.ok(callee.received.length > 10_000);
});
