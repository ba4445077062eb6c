/** Owns what the correlator promises: which messages are one action, how each ends, and that each ends once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Observed, type TestClient } from './observed.js';

const [CALL, CANCEL, YIELD, ERROR, REGISTER, SUBSCRIBE, PUBLISH] = [48, 49, 70, 8, 64, 32, 16];

async function pair(options = {}): Promise<{ o: Observed; caller: TestClient; callee: TestClient }> {
  const o = new Observed(options);
  const caller = await o.client();
  const callee = await o.client();
  await callee.request([REGISTER, undefined, {}, 'com.p']);
  return { o, caller, callee };
}

const invocationId = (callee: TestClient): number => callee.received.filter(m => m[0] === 68).at(-1)![1] as number;

test('CALL, INVOCATION, YIELD and RESULT are one action that ends ok', async () => {
  const { o, caller, callee } = await pair();
  const request = await caller.request([CALL, undefined, {}, 'com.p', [1]]);
  await callee.send([YIELD, invocationId(callee), {}, [2]]);
  const [action, ...others] = o.actions('call');
  assert.equal(others.length, 0);
  assert.deepEqual(o.story(action!), ['rx 48', 'tx 68', 'rx 70', 'tx 50']);
  assert.equal(action!.outcome, 'ok');
  assert.equal(action!.uri, 'com.p');
  assert.equal(action!.request, request);
  assert.equal(action!.originator.id, caller.id);
  assert.equal(action!.messages, 4);
  assert.equal(action!.traceId, action!.correlation.replaceAll('-', ''));
  assert.match(action!.correlation, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(
    action!.invocations!.map(({ callee: to, outcome }) => [to.id, outcome]),
    [[callee.id, 'ok']],
  );
  assert.ok(action!.endedAt > action!.invocations![0]!.endedAt);
  assert.ok(action!.invocations![0]!.startedAt > action!.startedAt);
});

test('two calls in flight do not mix', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, {}, 'com.p', ['a']]);
  const first = invocationId(callee);
  await caller.request([CALL, undefined, {}, 'com.p', ['b']]);
  await callee.send([YIELD, invocationId(callee), {}, ['b']]);
  await callee.send([YIELD, first, {}, ['a']]);
  const actions = o.actions('call');
  assert.equal(new Set(actions.map(action => action.correlation)).size, 2);
  for (const action of actions) assert.deepEqual(o.story(action), ['rx 48', 'tx 68', 'rx 70', 'tx 50']);
});

test('an ERROR of the callee, one of the router, and a refusal end in error', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, {}, 'com.p']);
  await callee.send([ERROR, 68, invocationId(callee), {}, 'com.failed']);
  await caller.request([CALL, undefined, {}, 'com.nobody']);
  await caller.request([CALL, undefined, {}, 'com.forbidden.p']);
  assert.deepEqual(
    o.actions('call').map(action => [action.outcome, action.error]),
    [
      ['error', 'com.failed'],
      ['error', 'wamp.error.no_such_procedure'],
      ['error', 'wamp.error.not_authorized'],
    ],
  );
  assert.equal(o.actions('call')[0]!.invocations![0]!.error, 'com.failed');
});

test('progressive results are one action with one end', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, { receive_progress: true }, 'com.p']);
  for (const n of [1, 2]) await callee.send([YIELD, invocationId(callee), { progress: true }, [n]]);
  await callee.send([YIELD, invocationId(callee), {}, [3]]);
  const [action] = o.actions('call');
  assert.equal(action!.progress, 2);
  assert.deepEqual(o.story(action!), ['rx 48', 'tx 68', 'rx 70', 'tx 50', 'rx 70', 'tx 50', 'rx 70', 'tx 50']);
});

for (const [mode, story] of [
  ['skip', ['rx 48', 'tx 68', 'rx 49', 'tx 8', 'rx 70']],
  ['killnowait', ['rx 48', 'tx 68', 'rx 49', 'tx 69', 'tx 8', 'rx 8']],
  ['kill', ['rx 48', 'tx 68', 'rx 49', 'tx 69', 'rx 8', 'tx 8']],
] as const) {
  test(`CANCEL ${mode} ends canceled, and what comes late keeps the correlation`, async () => {
    const { o, caller, callee } = await pair();
    const request = await caller.request([CALL, undefined, {}, 'com.p']);
    await caller.send([CANCEL, request, { mode }]);
    const late =
      mode === 'skip'
        ? [YIELD, invocationId(callee), {}]
        : [ERROR, 68, invocationId(callee), {}, 'wamp.error.canceled'];
    await callee.send(late);
    const actions = o.actions('call');
    assert.equal(actions.length, 1);
    assert.equal(actions[0]!.outcome, 'canceled');
    assert.deepEqual(o.story(actions[0]!), story);
    assert.equal(o.correlator.openActions, 0);
  });
}

test('a timeout ends in timeout, with its INTERRUPT', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, { timeout: 500 }, 'com.p']);
  o.time.advance(501);
  const [action] = o.actions('call');
  assert.equal(action!.outcome, 'timeout');
  assert.equal(action!.invocations![0]!.outcome, 'timeout');
  await callee.send([YIELD, invocationId(callee), {}]);
  assert.deepEqual(o.story(action!), ['rx 48', 'tx 68', 'tx 69', 'tx 8', 'rx 70']);
});

test('a caller that leaves: caller_gone, with the INTERRUPT', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, {}, 'com.p']);
  await caller.close();
  const [action] = o.actions('call');
  assert.equal(action!.outcome, 'caller_gone');
  await callee.send([YIELD, invocationId(callee), {}]);
  assert.deepEqual(o.story(action!), ['rx 48', 'tx 68', 'tx 69', 'rx 70']);
});

test('a callee that leaves: callee_gone', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, {}, 'com.p']);
  await callee.close();
  const [action] = o.actions('call');
  assert.equal(action!.outcome, 'callee_gone');
  assert.equal(action!.invocations![0]!.outcome, 'callee_gone');
  assert.deepEqual(o.story(action!), ['rx 48', 'tx 68', 'tx 8']);
});

test('a callee that answers wamp.error.canceled by itself is an error, no cancel', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([CALL, undefined, {}, 'com.p']);
  await callee.send([ERROR, 68, invocationId(callee), {}, 'wamp.error.canceled']);
  assert.equal(o.actions('call')[0]!.outcome, 'error');
});

test('a publication is PUBLISH, PUBLISHED and every EVENT; it ends when it was handled', async () => {
  const { o, caller, callee } = await pair();
  await callee.request([SUBSCRIBE, undefined, {}, 'com.t']);
  await caller.request([SUBSCRIBE, undefined, { match: 'prefix' }, 'com.t']);
  await callee.request([SUBSCRIBE, undefined, { match: 'prefix' }, 'com.t']);
  await caller.request([PUBLISH, undefined, { acknowledge: true, exclude_me: false }, 'com.t', ['x']]);
  const [action] = o.actions('publish');
  assert.deepEqual(o.story(action!), ['rx 16', 'tx 17', 'tx 36', 'tx 36', 'tx 36']);
  assert.equal(action!.outcome, 'ok');
  assert.equal(action!.acknowledge, true);
  assert.equal(action!.fanOut!.delivered, 3);
  assert.equal(action!.fanOut!.publication, caller.received.find(m => m[0] === 17)![2]);
});

test('a publication that nobody hears ends with its PUBLISHED', async () => {
  const { o, caller } = await pair();
  await caller.request([PUBLISH, undefined, { acknowledge: true }, 'com.t']);
  const [action] = o.actions('publish');
  const [publish, published] = o.frames.filter(({ correlation }) => correlation === action!.correlation);
  assert.deepEqual([publish!.code, published!.code], [16, 17]);
  assert.deepEqual([action!.startedAt, action!.endedAt], [publish!.at, published!.at]);
  assert.ok(action!.endedAt > action!.startedAt);
});

test('a publication that nobody hears, or that is refused in silence, ends too', async () => {
  const { o, caller } = await pair();
  await caller.request([PUBLISH, undefined, {}, 'com.t']);
  await caller.request([PUBLISH, undefined, {}, 'com.forbidden.t']);
  await caller.request([PUBLISH, undefined, { acknowledge: true }, 'com.forbidden.t']);
  assert.deepEqual(
    o.actions('publish').map(action => [action.outcome, action.error, action.fanOut]),
    [
      ['ok', '', undefined],
      ['error', 'wamp.error.not_authorized', undefined],
      ['error', 'wamp.error.not_authorized', undefined],
    ],
  );
});

test('SUBSCRIBE, UNSUBSCRIBE, REGISTER, UNREGISTER and their replies', async () => {
  const { o, caller, callee } = await pair();
  await caller.request([SUBSCRIBE, undefined, {}, 'com.t']);
  await caller.request([34, undefined, caller.last[2]]);
  await caller.request([34, undefined, 4711]);
  await callee.request([66, undefined, callee.received.find(m => m[0] === 65)![2]]);
  const told = ['subscribe', 'unsubscribe', 'register', 'unregister'] as const;
  assert.deepEqual(
    told.map(kind => o.actions(kind).map(action => [action.outcome, o.story(action)])),
    [
      [['ok', ['rx 32', 'tx 33']]],
      [
        ['ok', ['rx 34', 'tx 35']],
        ['error', ['rx 34', 'tx 8']],
      ],
      [['ok', ['rx 64', 'tx 65']]],
      [['ok', ['rx 66', 'tx 67']]],
    ],
  );
});

test('more open actions than the limit push the oldest out as abandoned', async () => {
  const { o, caller } = await pair({ maxOpen: 2 });
  for (let i = 0; i < 3; i++) await caller.request([CALL, undefined, {}, 'com.p']);
  assert.deepEqual(
    o.actions('call').map(action => [action.request, action.outcome]),
    [[1, 'abandoned']],
  );
  assert.equal(o.correlator.openActions, 2);
  assert.equal(o.correlator.abandoned, 1);
});

test('actions that are too old are given up by tick', async () => {
  const { o, caller, callee } = await pair({ maxAge: 1000 });
  await caller.request([CALL, undefined, {}, 'com.p']);
  o.correlator.tick(o.time.now + 900);
  assert.equal(o.actions('call').length, 0);
  o.correlator.tick(o.time.now + 1100);
  assert.equal(o.actions('call')[0]!.outcome, 'abandoned');
  await callee.send([YIELD, invocationId(callee), {}]);
  assert.equal(o.actions('call').length, 1);
  assert.equal(caller.last[0], 50);
});

test('messages of a call that began before anybody watched belong to no action', async () => {
  const { o, caller, callee } = await pair();
  o.router.tap = undefined;
  await caller.request([CALL, undefined, {}, 'com.p']);
  o.router.tap = o.correlator;
  await callee.send([YIELD, invocationId(callee), {}]);
  assert.deepEqual(
    o.frames.slice(-2).map(frame => [frame.code, frame.correlation]),
    [
      [70, undefined],
      [50, undefined],
    ],
  );
});

test('an observer that throws is detached at the tenth time, and routing goes on', async () => {
  const faults: string[] = [];
  const o = new Observed({ onFault: what => faults.push(what) });
  let calls = 0;
  o.observe({
    onFrame: () => {
      calls++;
      throw new Error('broken observer');
    },
  });
  const client = await o.client();
  for (let i = 0; i < 20; i++) await client.request([SUBSCRIBE, undefined, {}, `com.t${i}`]);
  assert.equal(calls, 10);
  assert.equal(faults.length, 2, 'the first fault and the detachment are told');
  assert.equal(client.received.filter(m => m[0] === 33).length, 20);
});

test('an ERROR of a CANCEL that asked for what there is not leaves the call open', async () => {
  const { o, caller, callee } = await pair();
  const request = await caller.request([CALL, undefined, {}, 'com.p']);
  await caller.send([CANCEL, request, { mode: 'abandon' }]);
  assert.deepEqual(caller.last.slice(0, 3), [ERROR, CANCEL, request]);
  assert.equal(o.actions('call').length, 0);
  await callee.send([YIELD, invocationId(callee), {}]);
  assert.equal(o.actions('call')[0]!.outcome, 'ok');
});

test('requests that break the protocol end with their session, as errors', async () => {
  const o = new Observed();
  for (const message of [
    [SUBSCRIBE, 99, {}, 'com.t'],
    [CALL, 99, {}, 'com.p'],
    [PUBLISH, 99, {}, 'com.t'],
  ]) {
    const client = await o.client();
    await client.send(message);
    assert.deepEqual(client.last.slice(0, 1), [3]);
  }
  assert.equal(o.correlator.openActions, 0);
  assert.deepEqual(
    ['subscribe', 'call', 'publish'].map(kind =>
      o.actions(kind as 'call').map(action => [action.outcome, action.error]),
    ),
    Array.from({ length: 3 }, () => [['error', 'wamp.error.protocol_violation']]),
  );
});

for (const [how, change, isTold] of [
  ['while it is recorded', () => undefined, true],
  ['no more when nobody watches', (o: Observed) => Object.assign(o.router, { tap: undefined }), false],
  ['no more when it was forgotten', (o: Observed) => o.correlator.reset(), false],
] as [string, (o: Observed) => void, boolean][]) {
  test(`a RESULT tells of the trace of its call ${how}`, async () => {
    for (const seesFrames of [true, false]) {
      const o = new Observed({}, {}, seesFrames);
      const caller = await o.client({ caller: { features: { _trace_context: true } } });
      const callee = await o.client();
      await callee.request([REGISTER, undefined, {}, 'com.p']);
      await caller.request([CALL, undefined, {}, 'com.p']);
      change(o);
      await callee.send([YIELD, invocationId(callee), {}]);
      const [code, , details] = caller.last as [number, number, Record<string, unknown>];
      assert.equal(code, 50);
      assert.equal('_traceparent' in details, isTold, `frames ${seesFrames}`);
    }
  });
}
