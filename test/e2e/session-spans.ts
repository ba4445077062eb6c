/** Owns what spans must tell of the sessions of the script, and of the time of its calls. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Evidence } from './evidence.js';
import type { ReceivedSpan } from './otlp-decoder.js';
import type { Wire } from './proxy.js';

export function sessionsMatch(evidence: Evidence): void {
  const { cast, receiver } = evidence;
  const sessions = receiver.spans.filter(ofSession);
  equal(sessions.length, 2 * cast.wires.size, 'and nobody else');
  for (const [name, wire] of cast.wires) {
    const [open, close] = sessions.filter(span => span.attributes['wamp.session.id'] === String(wire.session));
    deepEqual([open!.name, open!.kind, open!.status, open!.parentSpanId], ['session open', 'server', 'unset', '']);
    deepEqual([close!.name, close!.kind, close!.status, close!.parentSpanId], ['session close', 'server', 'unset', '']);
    deepEqual(open!.links, []);
    deepEqual(close!.links, [`${open!.traceId}-${open!.spanId}`], name);
    for (const { traceId, attributes } of [open!, close!]) {
      equal(attributes['wamp.correlation_id']?.toString().replaceAll('-', ''), traceId);
      equal(attributes['wamp.authid'], wire.details.authid);
    }
    equal(open!.attributes['wamp.serializer'], wire.serializer);
    equal(open!.attributes['wamp.message.size'], wire.one('HELLO').bytes.length);
    const count = (way: 'rx' | 'tx'): number => wire.messages.filter(({ direction }) => direction === way).length;
    const told = close!.attributes;
    deepEqual(
      [told['wamp.session.messages.received'], told['wamp.session.messages.sent']],
      [count('rx'), count('tx')],
      name,
    );
    deepEqual(
      [told['wamp.session.bytes.received'], told['wamp.session.bytes.sent']],
      [wire.octets('rx'), wire.octets('tx')],
      name,
    );
    equal(
      told['wamp.close.reason'],
      name === 'dropper' ? 'transport_lost' : wire.one('GOODBYE', isClients(wire)).message[2],
    );
    ok(Number(told['wamp.session.lifetime']) > 0);
    ok(open!.end <= close!.start);
  }
}

export function timesMatch(evidence: Evidence): void {
  const calls = evidence.receiver.spans.filter(span => 'wamp.callee.time' in span.attributes);
  ok(calls.length > 15);
  for (const { start, end, attributes, name } of calls) {
    const [router, callee] = [Number(attributes['wamp.router.time']), Number(attributes['wamp.callee.time'])];
    ok(router > 0 && callee > 0 && Math.abs(router + callee - Number(end - start) / 1e9) < 2e-6, name);
  }
}

export function ofSession({ attributes }: ReceivedSpan): boolean {
  return attributes['wamp.action'] === 'hello' || attributes['wamp.action'] === 'goodbye';
}

/** Whose GOODBYE came first. */
function isClients({ messages }: Wire): (message: readonly unknown[]) => boolean {
  const first = messages.find(({ type }) => type === 'GOODBYE');
  return message => message === first?.message;
}
