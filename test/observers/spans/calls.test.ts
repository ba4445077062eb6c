/** Owns what call spans say beyond their names: where the time went, how they were canceled, what is an error at all. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hrTime } from '../../../src/observers/spans/span-data.js';
import { Actions, end, NOON, session } from './actions.js';
import { spansOf, spansOfAll } from './told.js';

const CALLER = session(1, { link: { peer: 'memory', rtt: 12.5 } });
const CALLEE = session(2, { link: { peer: 'memory', rtt: 40 } });

test('the time of a call is split into that of the router and that of the callee; round trips are told besides', () => {
  const action = new Actions(1).call('com.p', CALLER, CALLEE);
  const [call, invoke] = spansOf(action);
  assert.equal(call!.attributes['wamp.router.time'], (3.5 - 1.75) / 1000);
  assert.equal(call!.attributes['wamp.callee.time'], 1.75 / 1000);
  assert.equal(call!.attributes['wamp.caller.rtt'], 0.0125);
  assert.equal(call!.attributes['wamp.callee.rtt'], undefined);
  assert.equal(invoke!.attributes['wamp.callee.rtt'], 0.04);
});

test('a call that nobody was invoked for was in the router all the time', () => {
  const [call] = spansOf(end(new Actions(2).action('call', 'com.p', session(1)), 'error', 'wamp.error.invalid_uri'));
  assert.equal(call!.attributes['wamp.router.time'], 0.0035);
  assert.equal(call!.attributes['wamp.callee.time'], undefined);
  assert.equal(call!.attributes['wamp.caller.rtt'], undefined);
});

test('a call that timed out was with its callee to the end', () => {
  const actions = new Actions(3);
  const action = actions.action('call', 'com.p', CALLER);
  const invocation = actions.invoke(action, CALLEE);
  end(action, 'timeout', 'wamp.error.timeout');
  invocation.outcome = 'timeout';
  invocation.endedAt = action.endedAt;
  const [call, invoke] = spansOf(action);
  assert.equal(call!.attributes['wamp.router.time'], 0.00025);
  assert.equal(call!.attributes['wamp.callee.time'], 0.00325);
  assert.deepEqual([invoke!.status.code, invoke!.attributes['error.type']], [2, 'wamp.error.timeout']);
});

test('a procedure that nobody registered is _OTHER, and its URI is told as called', () => {
  const action = end(new Actions(4).action('call', 'com.attack.4711', CALLER), 'error', 'wamp.error.no_such_procedure');
  const [call] = spansOf(action);
  assert.equal(call!.name, 'call');
  assert.equal(call!.attributes['rpc.method'], '_OTHER');
  assert.equal(call!.attributes['rpc.method_original'], 'com.attack.4711');
});

test('a call that a pattern serves is named by the pattern', () => {
  const action = new Actions(5).call('com.users.4711', CALLER, CALLEE);
  action.method = 'com.users.';
  for (const span of spansOf(action)) {
    assert.match(span.name, /^(call|invoke) com\.users\.$/);
    assert.equal(span.attributes['rpc.method'], 'com.users.');
    assert.equal(span.attributes['rpc.method_original'], 'com.users.4711');
  }
});

test('progress, timeout and the mode of a CANCEL are told', () => {
  const action = new Actions(6).call('com.p', CALLER, CALLEE, 'canceled', 'wamp.error.canceled');
  Object.assign(action, {
    progressive: true,
    progress: 4,
    firstResultAt: NOON + 2.5,
    timeout: 900,
    cancelMode: 'kill',
  });
  const [{ attributes }] = spansOf(action) as [ReturnType<typeof spansOf>[0]];
  assert.equal(attributes['wamp.call.progressive'], true);
  assert.equal(attributes['wamp.call.progress.count'], 4);
  assert.equal(attributes['wamp.call.time_to_first_result'], 0.0025);
  assert.equal(attributes['wamp.call.timeout'], 900);
  assert.equal(attributes['wamp.cancel.mode'], 'kill');
});

test('octets that waited for the callee are told, if there were any', () => {
  const [quick, slow] = [0, 70_000].map(queued => {
    const action = new Actions(7).call('com.p', CALLER, CALLEE);
    Object.assign(action.invocations![0]!, { queued });
    return spansOf(action)[1]!;
  });
  assert.equal(quick!.attributes['wamp.queue.bytes'], undefined);
  assert.equal(slow!.attributes['wamp.queue.bytes'], 70_000);
});

test('an invocation that outlives its canceled call has its span when it ends, below the call', () => {
  const actions = new Actions(8);
  const action = actions.action('call', 'com.p', CALLER);
  const invocation = actions.invoke(action, CALLEE);
  invocation.outlives = true;
  end(action, 'canceled', 'wamp.error.canceled');
  const spans = spansOfAll(pipeline => {
    pipeline.onActionEnd?.(action);
    Object.assign(invocation, { outcome: 'ok', endedAt: NOON + 900, answeredLate: true });
    pipeline.onLateInvocation?.(action, invocation);
    assert.equal(pipeline.stats().spans, 2);
  });
  const [call, invoke, ...more] = spans;
  assert.equal(more.length, 0);
  assert.equal(call!.attributes['wamp.callee.time'], 0.00325);
  assert.equal(invoke!.name, 'invoke com.p');
  assert.equal(invoke!.parentSpanContext!.spanId, call!.spanContext().spanId);
  assert.equal(invoke!.attributes['wamp.late_result'], true);
  assert.deepEqual(invoke!.endTime, hrTime(NOON + 900));
});

test('who may not call is told apart from a callee that says so', () => {
  const actions = new Actions(9);
  const denied = end(actions.action('call', 'com.p', CALLER), 'error', 'wamp.error.not_authorized');
  const answered = actions.call('com.p', CALLER, CALLEE, 'error', 'wamp.error.not_authorized');
  const decisions = spansOf(denied, answered).map(span => span.attributes['wamp.authorize.decision']);
  assert.deepEqual(decisions, ['denied', undefined, undefined]);
});

for (const kind of ['publish', 'subscribe', 'register'] as const) {
  test(`who may not ${kind} is told so`, () => {
    const [span] = spansOf(end(new Actions(10).action(kind, 'com.p', CALLER), 'error', 'wamp.error.not_authorized'));
    assert.deepEqual([span!.status.code, span!.attributes['error.type']], [2, 'wamp.error.not_authorized']);
    assert.equal(span!.attributes['wamp.authorize.decision'], 'denied');
    assert.equal(span!.attributes['wamp.error.class'], 'caller');
  });
}

test('URIs that are no errors fail no call, but the invocation; they are told all the same', () => {
  const actions = new Actions(11);
  const tell = (uri: string, nonErrorUris?: string[]) => {
    const action = actions.call('com.p', CALLER, CALLEE, 'error', uri);
    return spansOfAll(spans => spans.onActionEnd?.(action), nonErrorUris).map(span => span.status.code);
  };
  const uri = 'com.example.error.not_found';
  assert.deepEqual(tell(uri), [2, 2]);
  assert.deepEqual(tell(uri, [uri]), [0, 2]);
  assert.deepEqual(tell('wamp.error.canceled'), [0, 2]);
  assert.deepEqual(tell('wamp.error.canceled', [uri]), [2, 2], 'the list replaces the default');
  const action = actions.call('com.p', CALLER, CALLEE, 'error', uri);
  const [call] = spansOfAll(spans => spans.onActionEnd?.(action), [uri]);
  assert.equal(call!.attributes['error.type'], undefined);
  assert.equal(call!.attributes['wamp.error.uri'], uri);
  assert.equal(call!.attributes['wamp.error.class'], 'callee');
  assert.equal(call!.attributes['rpc.status_code'], uri);
});
