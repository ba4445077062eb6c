/** Owns what the spans of an action say: names, kinds, parents, attributes, status, times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { peerPartOf } from '../../../src/observers/spans/mapping.js';
import { ProtobufWriter } from '../../../src/observers/spans/protobuf-writer.js';
import { hrTime } from '../../../src/observers/spans/span-data.js';
import { hexWord } from '../../../src/trace/action.js';
import type { Outcome } from '../../../src/trace/outcome.js';
import { Actions, end, NOON, randomFrom, session } from './actions.js';
import { spansOf } from './told.js';

const CALLER = session(1001);
const CALLEE = session(2 ** 53, { authid: 'worker', authrole: 'backend' });

// SpanKind of the API.
const [SERVER, CLIENT, PRODUCER, CONSUMER] = [1, 2, 3, 4];

test('a call is a SERVER span with a CLIENT child for its invocation', () => {
  const action = new Actions(1).call('com.example.sum', CALLER, CALLEE);
  action.subject = 55;
  action.progress = 3;
  const [call, invoke, ...more] = spansOf(action);
  assert.equal(more.length, 0);
  assert.deepEqual([call!.name, call!.kind], ['call com.example.sum', SERVER]);
  assert.deepEqual([invoke!.name, invoke!.kind], ['invoke com.example.sum', CLIENT]);
  assert.equal(call!.spanContext().traceId, action.correlation.replaceAll('-', ''));
  assert.equal(call!.spanContext().spanId, action.spanId);
  assert.equal(call!.parentSpanContext, undefined);
  assert.equal(invoke!.spanContext().traceId, action.traceId);
  assert.deepEqual(invoke!.parentSpanContext, { ...call!.spanContext(), isRemote: false });
  assert.deepEqual(call!.attributes, {
    'wamp.action': 'call',
    'rpc.system.name': 'wamp',
    'rpc.method': 'com.example.sum',
    'wamp.realm': 'realm1',
    'wamp.session.id': '1001',
    'wamp.authid': 'user-1001',
    'wamp.authrole': 'member',
    'wamp.correlation_id': action.correlation,
    'wamp.request.id': 7,
    'wamp.message.size': 123,
    'wamp.registration.id': 55,
    'wamp.call.progress.count': 3,
    'wamp.router.time': 0.00175,
    'wamp.callee.time': 0.00175,
    'wamp.outcome': 'ok',
    'rpc.status_code': 'OK',
  });
  assert.deepEqual(invoke!.attributes, {
    'wamp.action': 'call',
    'rpc.system.name': 'wamp',
    'rpc.method': 'com.example.sum',
    'wamp.realm': 'realm1',
    'wamp.session.id': '9007199254740992',
    'wamp.authid': 'worker',
    'wamp.authrole': 'backend',
    'wamp.request.id': 3,
    'wamp.registration.id': 2 ** 53,
    'wamp.invoke.policy': 'single',
    'wamp.outcome': 'ok',
    'rpc.status_code': 'OK',
  });
  assert.deepEqual([call!.startTime, call!.endTime], [hrTime(NOON), hrTime(NOON + 3.5)]);
  assert.deepEqual(call!.duration, [0, 3_500_000]);
  assert.equal(call!.instrumentationScope.name, 'wampscope');
});

test('a call that is routed again has a child for each invocation, one without an answer ends with its call', () => {
  const actions = new Actions(2);
  const action = actions.call('com.example.sum', CALLER, CALLEE, 'callee_gone');
  actions.invoke(action, CALLER);
  const [, first, second] = spansOf(action);
  assert.equal(first!.attributes['wamp.outcome'], 'callee_gone');
  assert.equal(second!.attributes['wamp.outcome'], 'abandoned');
  assert.deepEqual(second!.endTime, hrTime(NOON + 3.5));
});

test('a publication is a CONSUMER span with one PRODUCER child, however many receive it', () => {
  const action = new Actions(3).publish('com.example.on', CALLER, 10_000);
  const fanOut = action.fanOut!;
  fanOut.dropped = 2;
  fanOut.bytes = 5_000_000_000;
  const [publish, deliver, ...more] = spansOf(action);
  assert.equal(more.length, 0);
  assert.deepEqual([publish!.name, publish!.kind], ['publish com.example.on', CONSUMER]);
  assert.deepEqual([deliver!.name, deliver!.kind], ['deliver com.example.on', PRODUCER]);
  assert.equal(deliver!.parentSpanContext?.spanId, action.spanId);
  assert.equal(deliver!.spanContext().spanId, hexWord(fanOut.span0) + hexWord(fanOut.span1));
  assert.deepEqual(publish!.attributes, {
    'wamp.action': 'publish',
    'messaging.system.name': 'wamp',
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'com.example.on',
    'wamp.realm': 'realm1',
    'wamp.session.id': '1001',
    'wamp.authid': 'user-1001',
    'wamp.authrole': 'member',
    'wamp.correlation_id': action.correlation,
    'wamp.request.id': 7,
    'wamp.message.size': 123,
    'messaging.message.conversation_id': action.correlation,
    'wamp.publish.acknowledge': false,
    'wamp.event.recipients': 10_002,
    'messaging.message.id': String(fanOut.publication),
    'wamp.outcome': 'ok',
  });
  assert.deepEqual(deliver!.attributes, {
    'wamp.action': 'publish',
    'messaging.system.name': 'wamp',
    'messaging.operation.name': 'deliver',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'com.example.on',
    'wamp.realm': 'realm1',
    'messaging.message.id': String(fanOut.publication),
    'wamp.event.delivered': 10_000,
    'wamp.event.dropped': 2,
    'wamp.event.bytes': 5_000_000_000,
    'messaging.batch.message_count': 10_000,
  });
});

test('a single event is no batch, and a publication that nobody receives has no child', () => {
  const actions = new Actions(4);
  const [, deliver] = spansOf(actions.publish('com.example.on', CALLER, 1));
  assert.equal(deliver!.attributes['messaging.batch.message_count'], undefined);
  const [publish, ...more] = spansOf(end(actions.action('publish', 'com.example.on', CALLER), 'ok'));
  assert.equal(more.length, 0);
  assert.equal(publish!.attributes['wamp.event.recipients'], 0);
  assert.equal(publish!.attributes['messaging.message.id'], undefined);
});

test('subscriptions and registrations are SERVER spans', () => {
  const actions = new Actions(5);
  for (const [kind, id] of [
    ['subscribe', 'wamp.subscription.id'],
    ['unsubscribe', 'wamp.subscription.id'],
    ['register', 'wamp.registration.id'],
    ['unregister', 'wamp.registration.id'],
  ] as const) {
    const action = end(actions.action(kind, 'com.example.x', CALLER), 'ok');
    action.subject = 99;
    const [span, ...more] = spansOf(action);
    assert.equal(more.length, 0);
    assert.deepEqual([span!.name, span!.kind], [`${kind} com.example.x`, SERVER]);
    assert.equal(span!.attributes[id], 99);
    assert.equal(span!.attributes['wamp.uri'], 'com.example.x');
    assert.equal(span!.attributes['wamp.action'], kind);
    const asks = !kind.startsWith('un');
    assert.equal(span!.attributes['wamp.uri.match'], asks ? 'exact' : undefined);
    assert.equal(span!.attributes['wamp.invoke.policy'], kind === 'register' ? 'single' : undefined);
  }
  const [unknown] = spansOf(end(actions.action('unsubscribe', '', CALLER), 'error', 'wamp.error.no_such_subscription'));
  assert.equal(unknown!.name, 'unsubscribe');
  assert.equal(unknown!.attributes['wamp.uri'], undefined);
});

/** [outcome, error URI, failed on the call, failed on the invocation, error.type, error class] */
const ENDINGS: readonly (readonly [Outcome, string, boolean, boolean, string, string | undefined])[] = [
  ['ok', '', false, false, '', undefined],
  ['error', 'com.example.error.out_of_tea', true, true, 'com.example.error.out_of_tea', 'callee'],
  ['error', 'wamp.error.no_such_procedure', true, true, 'wamp.error.no_such_procedure', 'router'],
  ['error', 'wamp.error.invalid_argument', true, true, 'wamp.error.invalid_argument', 'caller'],
  ['error', 'wamp.error.canceled', false, true, 'wamp.error.canceled', 'canceled'],
  ['error', '', true, true, '_OTHER', undefined],
  ['canceled', 'wamp.error.canceled', false, true, 'wamp.error.canceled', 'canceled'],
  ['canceled', '', false, false, '', 'canceled'],
  ['timeout', 'wamp.error.timeout', true, true, 'wamp.error.timeout', 'router'],
  ['timeout', '', true, true, 'wamp.error.timeout', 'router'],
  ['caller_gone', '', false, false, '', undefined],
  ['callee_gone', 'wamp.error.canceled', true, true, 'callee_disconnected', 'callee'],
  ['abandoned', '', false, false, '', undefined],
];

test('status, error.type and status code follow from outcome and error URI', () => {
  for (const [outcome, error, callFails, invokeFails, type, fault] of ENDINGS) {
    const [call, invoke] = spansOf(new Actions(6).call('com.example.sum', CALLER, CALLEE, outcome, error));
    const of = (span: ReadableSpan) => [span.status.code, span.attributes['error.type']];
    const name = `${outcome} ${error}`;
    assert.deepEqual(of(call!), callFails ? [2, type] : [0, undefined], name);
    assert.deepEqual(of(invoke!), invokeFails ? [2, type] : [0, undefined], name);
    for (const span of [call!, invoke!]) {
      assert.equal(span.status.message, undefined);
      assert.equal(span.attributes['wamp.outcome'], outcome);
      assert.equal(span.attributes['wamp.error.class'], fault, name);
      assert.equal(span.attributes['wamp.error.uri'], error === '' ? undefined : error);
      const code = outcome === 'ok' ? 'OK' : error === '' ? undefined : error;
      assert.equal(span.attributes['rpc.status_code'], code, name);
    }
  }
});

test('error.type stays bounded: 200 URIs of applications, then _OTHER, while wamp.error.uri tells the truth', () => {
  const actions = new Actions(7);
  const uris = Array.from({ length: 250 }, (_, i) => `com.example.error.${i}`);
  const failed = [...uris, uris[0]!, 'wamp.error.not_authorized', 'wamp.error.made_up'].map(error =>
    end(actions.action('publish', 'com.example.on', CALLER), 'error', error),
  );
  const types = spansOf(...failed).map(span => span.attributes['error.type']);
  assert.deepEqual(types.slice(0, 200), uris.slice(0, 200));
  assert.deepEqual(new Set(types.slice(200, 250)), new Set(['_OTHER']));
  assert.deepEqual(types.slice(250), [uris[0], 'wamp.error.not_authorized', '_OTHER']);
});

test('an action that joined a trace keeps it, and says nothing of the randomness of its id', () => {
  const parent = { trace0: -1, trace1: 2, trace2: 3, trace3: 4, span0: 0, span1: 5 };
  const actions = new Actions(8);
  const [joined] = spansOf(end(actions.action('call', 'com.example.sum', CALLER, parent), 'ok'));
  const traceId = 'ffffffff000000020000000300000004';
  assert.equal(joined!.spanContext().traceId, traceId);
  assert.equal(joined!.spanContext().traceFlags, 1);
  assert.deepEqual(joined!.parentSpanContext, { traceId, spanId: '0000000000000005', traceFlags: 1, isRemote: true });
  const [root] = spansOf(end(actions.action('call', 'com.example.sum', CALLER), 'ok'));
  assert.equal(root!.spanContext().traceFlags, 3);
});

test('sessions of the router itself make no spans', () => {
  const actions = new Actions(9);
  const own = session(5, { internal: true });
  assert.deepEqual(spansOf(actions.call('wamp.session.count', own, CALLEE)), []);
  assert.equal(spansOf(actions.call('wamp.session.count', CALLER, own)).length, 2);
});

test('nanoseconds are the exact value of the double, rounded to the nearest, in both forms', () => {
  const random = randomFrom(10);
  const moments = [0, 0.5, 999.9999999, NOON - 2 ** -12, NOON, 4_294_967_296, 2 ** 43 - 2 ** -9];
  for (let i = 0; i < 5000; i++) moments.push(random() * 4e12);
  for (const ms of moments) {
    // Exact in integers: a double below 2^53 times 2^52 is one, when it is not tiny.
    const scaled = BigInt(Math.floor(ms)) * 2n ** 60n + BigInt((ms - Math.floor(ms)) * 2 ** 60);
    const twice = (scaled * 2_000_000n) / 2n ** 60n;
    const expected = (twice + 1n) / 2n;
    const [seconds, nanos] = hrTime(ms);
    assert.equal(BigInt(seconds) * 1_000_000_000n + BigInt(nanos), expected, String(ms));
    assert.ok(nanos >= 0 && nanos < 1e9);
    const writer = new ProtobufWriter(16);
    writer.unixNanos(ms);
    assert.equal(Buffer.from(writer.bytes()).readBigUInt64LE(), expected, String(ms));
  }
});

test('who was not welcomed is nobody, not a session 0', () => {
  const stranger = { id: 0, realm: '', authid: '', authrole: '' };
  assert.deepEqual(peerPartOf(stranger).attributes, []);
  assert.notDeepEqual(peerPartOf({ ...stranger, id: 7 }).attributes, []);
});
