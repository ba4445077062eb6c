/** Owns what the spans of a session's beginning and end say. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hrTime } from '../../../src/observers/spans/span-data.js';
import { hexWord } from '../../../src/trace/action.js';
import type { OpeningOutcome } from '../../../src/trace/session.js';
import { Actions, NOON, session } from './actions.js';
import { spansOfAll } from './told.js';

// SpanKind of the API.
const [INTERNAL, SERVER] = [0, 1];
const PEER = session(1001, { link: { peer: 'tcp6:::1:51234', rtt: 0 }, serializer: 'cbor', authmethod: 'ticket' });

test('HELLO to WELCOME is a SERVER span that says who joined, with what', () => {
  const opening = new Actions(1).opening(PEER);
  const [open, ...more] = spansOfAll(spans => spans.onSessionOpen?.(opening));
  assert.equal(more.length, 0);
  assert.deepEqual([open!.name, open!.kind, open!.status.code], ['session open', SERVER, 0]);
  assert.equal(open!.parentSpanContext, undefined);
  assert.equal(open!.spanContext().traceFlags, 3);
  assert.deepEqual([open!.startTime, open!.endTime], [hrTime(NOON), hrTime(NOON + 3.5)]);
  const { 'wamp.correlation_id': correlation, ...told } = open!.attributes;
  assert.equal(String(correlation).replaceAll('-', ''), open!.spanContext().traceId);
  assert.deepEqual(told, {
    'wamp.action': 'hello',
    'wamp.realm': 'realm1',
    'wamp.session.id': '1001',
    'wamp.authid': 'user-1001',
    'wamp.authrole': 'member',
    'wamp.message.size': 99,
    'wamp.authmethod': 'ticket',
    'wamp.serializer': 'cbor',
    'wamp.transport': 'websocket',
    'user_agent.original': 'test/1.0',
    'client.address': '::1',
    'client.port': 51234,
    'wamp.outcome': 'ok',
  });
});

test('CHALLENGE to the decision is an INTERNAL child', () => {
  const opening = new Actions(2).opening(PEER, 'ok', '', true);
  const [open, authenticate, ...more] = spansOfAll(spans => spans.onSessionOpen?.(opening));
  assert.equal(more.length, 0);
  assert.deepEqual([authenticate!.name, authenticate!.kind], ['authenticate', INTERNAL]);
  assert.deepEqual(authenticate!.parentSpanContext, { ...open!.spanContext(), isRemote: false });
  assert.deepEqual([authenticate!.startTime, authenticate!.endTime], [hrTime(NOON + 1), hrTime(NOON + 3.5)]);
  assert.deepEqual(authenticate!.attributes, {
    'wamp.action': 'hello',
    'wamp.realm': 'realm1',
    'wamp.authmethod': 'ticket',
    'wamp.outcome': 'ok',
  });
});

/** [outcome, URI of ABORT, failed, class] */
const HANDSHAKES: readonly (readonly [OpeningOutcome, string, boolean, string | undefined])[] = [
  ['ok', '', false, undefined],
  ['caller_gone', '', false, undefined],
  ['error', 'wamp.error.authentication_denied', true, 'caller'],
  ['error', 'wamp.error.no_such_realm', true, 'caller'],
  ['error', 'wamp.error.no_such_role', true, 'router'],
  ['error', 'wamp.error.no_matching_auth_method', true, 'caller'],
  ['error', 'wamp.error.protocol_violation', true, 'caller'],
  ['error', 'wamp.error.runtime_error', true, 'router'],
];

test('a refused handshake fails with the URI of ABORT, also in its authentication, and names nobody', () => {
  for (const [outcome, error, failed, fault] of HANDSHAKES) {
    const nobody = session(0, { authid: '', authrole: '', realm: '', authmethod: '' });
    const opening = new Actions(3).opening(outcome === 'ok' ? PEER : nobody, outcome, error, true);
    const spans = spansOfAll(pipeline => pipeline.onSessionOpen?.(opening));
    assert.equal(spans.length, 2);
    for (const span of spans) {
      assert.equal(span.status.code, failed ? 2 : 0, error);
      assert.equal(span.attributes['wamp.realm'], 'realm1');
      assert.equal(span.attributes['wamp.outcome'], outcome);
      assert.equal(span.attributes['wamp.error.uri'], error || undefined);
      assert.equal(span.attributes['error.type'], error || undefined);
      assert.equal(span.attributes['wamp.error.class'], fault, error);
    }
    const [open] = spans;
    for (const name of ['wamp.session.id', 'wamp.authid', 'wamp.authrole']) {
      assert.equal(open!.attributes[name] !== undefined, outcome === 'ok', name);
    }
  }
});

test('the end of a session is a root that points to its beginning, with its totals', () => {
  const actions = new Actions(4);
  const opening = actions.opening(PEER);
  const closing = actions.closing(PEER, opening, 'wamp.close.close_realm', 3);
  const [close, ...more] = spansOfAll(spans => spans.onSessionClose?.(closing));
  assert.equal(more.length, 0);
  assert.deepEqual([close!.name, close!.kind, close!.status.code], ['session close', SERVER, 0]);
  assert.equal(close!.parentSpanContext, undefined);
  const traceId = [opening.id0, opening.id1, opening.id2, opening.id3].map(hexWord).join('');
  const spanId = hexWord(opening.span0) + hexWord(opening.span1);
  assert.deepEqual(close!.links, [{ context: { traceId, spanId, traceFlags: 3, isRemote: false } }]);
  assert.notEqual(close!.spanContext().traceId, traceId);
  assert.deepEqual([close!.startTime, close!.endTime], [hrTime(NOON + 1000), hrTime(NOON + 1003.5)]);
  const { 'wamp.correlation_id': correlation, ...told } = close!.attributes;
  assert.equal(String(correlation).replaceAll('-', ''), close!.spanContext().traceId);
  assert.deepEqual(told, {
    'wamp.action': 'goodbye',
    'wamp.realm': 'realm1',
    'wamp.session.id': '1001',
    'wamp.authid': 'user-1001',
    'wamp.authrole': 'member',
    'wamp.close.reason': 'wamp.close.close_realm',
    'wamp.session.lifetime': 1,
    'wamp.session.messages.received': 5,
    'wamp.session.messages.sent': 6,
    'wamp.session.bytes.received': 500,
    'wamp.session.bytes.sent': 2 ** 40,
    'wamp.session.events.dropped': 3,
    'wamp.outcome': 'ok',
  });
});

test('the end of a session whose beginning nobody watched points nowhere', () => {
  const closing = new Actions(5).closing(PEER, undefined, 'transport_lost');
  const [close] = spansOfAll(spans => spans.onSessionClose?.(closing));
  assert.deepEqual(close!.links, []);
  assert.equal(close!.attributes['wamp.session.lifetime'], undefined);
});

/** [reason, URI of an ABORT of the router's, error.type, class] */
const ENDS: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
  ['wamp.close.goodbye_and_out', '', undefined, undefined],
  ['wamp.close.system_shutdown', '', undefined, undefined],
  ['com.example.bye', '', undefined, undefined],
  ['transport_lost', '', undefined, undefined],
  ['wamp.error.protocol_violation', 'wamp.error.protocol_violation', 'wamp.error.protocol_violation', 'caller'],
  ['wamp.error.runtime_error', 'wamp.error.runtime_error', 'wamp.error.runtime_error', 'router'],
  ['no answer to a ping', '', 'disconnected', undefined],
];

test('an end is a failure when the router had to bring it about', () => {
  for (const [reason, abort, type, fault] of ENDS) {
    const actions = new Actions(6);
    const opening = actions.opening(PEER);
    opening.abort = abort;
    const [close] = spansOfAll(spans => spans.onSessionClose?.(actions.closing(PEER, opening, reason)));
    assert.equal(close!.status.code, type === undefined ? 0 : 2, reason);
    assert.equal(close!.attributes['wamp.close.reason'], reason);
    assert.equal(close!.attributes['error.type'], type);
    assert.equal(close!.attributes['wamp.error.class'], fault);
    assert.equal(close!.attributes['wamp.error.uri'], abort || undefined);
    assert.equal(close!.attributes['wamp.outcome'], type === undefined ? 'ok' : 'error');
  }
});
