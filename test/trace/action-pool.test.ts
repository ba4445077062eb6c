/** Proves that objects of ended actions serve others only while nobody keeps them, and that nothing of before shows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TracedAction } from '../../src/trace/action.js';
import { ActionPool } from '../../src/trace/action-pool.js';
import { Correlator } from '../../src/trace/correlator.js';
import { TracedFanOut } from '../../src/trace/fan-out.js';
import type { Observer } from '../../src/trace/observer.js';
import type { RemoteContext } from '../../src/trace/propagation.js';
import { RandomIds } from '../../src/wire/ids.js';
import { session } from '../observers/spans/actions.js';
import { Observed, type TestClient } from './observed.js';

const CALLS = 50;

/** What an action said when it ended, and which object said it. */
interface Told {
  readonly object: TracedAction;
  readonly text: string;
}

function textOf(action: TracedAction): string {
  const { kind, uri, request, correlation, spanId, outcome, error, messages, cancelMode, fanOut } = action;
  const remote = action.remote !== undefined;
  const callees = action.invocations?.map(i => [i.callee.id, i.request, i.outcome, i.error, i.endedAt > 0]);
  const recipients = fanOut?.recipients;
  return JSON.stringify({
    kind,
    uri,
    request,
    correlation,
    spanId,
    outcome,
    error,
    messages,
    cancelMode,
    callees,
    recipients,
    remote,
  });
}

/** A router whose only observer breaks its word when `borrows` is true: it looks which object it was given. */
async function scene(observer: Observer): Promise<{ caller: TestClient; callee: TestClient; told: Told[] }> {
  const o = new Observed();
  const told: Told[] = [];
  const correlator = new Correlator({ random: o.router.ids });
  correlator.add({
    ...observer,
    onActionEnd: action => {
      if (!action.originator.internal) told.push({ object: action, text: textOf(action) });
    },
  });
  o.router.tap = correlator;
  const [caller, callee] = [await o.client(), await o.client()];
  await callee.request([64, undefined, {}, 'com.example.p']);
  told.length = 0;
  return { caller, callee, told };
}

async function call(caller: TestClient, callee: TestClient, isFailing = false): Promise<void> {
  await caller.request([48, undefined, {}, 'com.example.p']);
  const [, invocation] = callee.last;
  await callee.send(isFailing ? [8, 68, invocation, {}, 'com.example.failed'] : [70, invocation, {}]);
}

test('while all observers borrow, ended actions serve the next, and each tells of itself alone', async () => {
  const { caller, callee, told } = await scene({ borrows: true });
  await callee.request([32, undefined, {}, 'com.example.t']);
  for (let i = 0; i < CALLS; i++) {
    await call(caller, callee, i % 3 === 1);
    await caller.request([16, undefined, { acknowledge: true }, 'com.example.t']);
  }
  assert.ok(new Set(told.map(({ object }) => object)).size < 5);
  assert.equal(new Set(told.map(({ text }) => JSON.parse(text).correlation)).size, 2 * CALLS + 1);
  const shown = told.slice(1).map(({ text }) => JSON.parse(text));
  for (let i = 0; i < CALLS; i++) {
    const [rpc, publication] = [shown[2 * i], shown[2 * i + 1]];
    const [outcome, error] = i % 3 === 1 ? ['error', 'com.example.failed'] : ['ok', ''];
    assert.deepEqual([rpc.kind, rpc.outcome, rpc.error, rpc.messages], ['call', outcome, error, 4]);
    assert.deepEqual(rpc.callees, [[callee.id, i + 1, outcome, error, true]]);
    assert.equal(rpc.recipients, undefined);
    assert.deepEqual(
      [publication.kind, publication.messages, publication.recipients, publication.callees],
      ['publish', 3, 1, undefined],
    );
  }
});

test('what one observer keeps stays as it was told', async () => {
  const { caller, callee, told } = await scene({});
  for (let i = 0; i < CALLS; i++) await call(caller, callee);
  assert.equal(new Set(told.map(({ object }) => object)).size, CALLS);
  for (const { object, text } of told) assert.equal(textOf(object), text);
});

test('an action whose answer may still come is not used again', async () => {
  const late: string[] = [];
  const { caller, callee, told } = await scene({
    borrows: true,
    onFrame: (frame, action) => {
      if (action?.outcome !== undefined && frame.seq > action.lastFrame) late.push(action.correlation);
    },
  });
  const request = await caller.request([48, undefined, {}, 'com.example.p']);
  const [, invocation] = callee.last;
  await caller.send([49, request, { mode: 'skip' }]);
  const canceled = JSON.parse(told[0]!.text);
  assert.equal(canceled.outcome, 'canceled');
  for (let i = 0; i < CALLS; i++) await call(caller, callee);
  await callee.send([70, invocation, {}]);
  assert.deepEqual(late, [canceled.correlation]);
  assert.ok(told.slice(1).every(({ object }) => object !== told[0]!.object));
});

test('a call that went to two callees leaves nothing to the one that comes next', () => {
  const ids = new RandomIds(words => crypto.getRandomValues(words));
  const action = new TracedAction();
  const [one, two] = [session(1), session(2)];
  const begin = (): void => action.begin('call', one, 'com.example.p', 1, 1000, 1, 20, ids, undefined);
  for (const callees of [[one], [one, two], [two], [], [two, one, two], [one]]) {
    begin();
    for (const [i, callee] of callees.entries()) action.invoke(callee, i + 1, 7, 1000, 'single', 0);
    assert.deepEqual(action.invocations?.map(({ callee }) => callee) ?? [], callees);
    assert.equal(action.unanswered, callees.length);
    assert.ok((action.invocations ?? []).every(({ outcome, error }) => outcome === undefined && error === ''));
  }
});

function ended(pool: ActionPool, uri: string): TracedAction {
  const action = pool.take();
  action.begin('call', session(1), uri, 1, 1000, 1, 20, new RandomIds(words => words.fill(1)), undefined);
  return action;
}

test('what has not been needed for a while is let go, what is in use is not', () => {
  const pool = new ActionPool();
  const burst = Array.from({ length: 100 }, () => ended(pool, 'com.example.p'));
  for (const action of burst) pool.over(action);
  pool.settle();
  pool.trim();
  const busy = Array.from({ length: 10 }, () => pool.take());
  for (const action of busy) pool.over(action);
  pool.settle();
  pool.trim();
  const again = Array.from({ length: 100 }, () => pool.take());
  assert.equal(again.filter(action => burst.includes(action)).length, 10);
  assert.ok(busy.every(action => again.includes(action)));
});

test('an action that waits to be used again keeps nothing large of what peers sent', () => {
  const pool = new ActionPool();
  const [long, small] = [ended(pool, 'com.'.repeat(1000)), ended(pool, 'com.example.p')];
  small.remote = { trust: 'follow' } as RemoteContext;
  small.tracestate = 'a=b';
  small.fanOut = new TracedFanOut(1, 2, 1000);
  for (const action of [long, small]) pool.over(action);
  pool.settle();
  assert.equal(pool.take(), small);
  assert.deepEqual([small.remote, small.parent, small.tracestate, small.fanOut], [undefined, undefined, '', undefined]);
  assert.notEqual(pool.take(), long);
});

test('what ended with a merged answer waits for no further request to be cleared and let go', async () => {
  const { caller, callee, told } = await scene({ borrows: true });
  const context = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
  await caller.request([48, undefined, { _traceparent: context }, 'com.example.p']);
  await callee.send([70, callee.last[1], {}]);
  const { object, text } = told[0]!;
  assert.equal(JSON.parse(text).remote, true);
  assert.equal(object.remote, undefined);
});
