/** Proves that spans, native trace, statistics and metrics tell the same story, and the one that crossed the wire. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Evidence, perform, type Setup, type TraceRecord } from './evidence.js';
import { ANY, type ExpectedAction, type ExpectedSpan, expectedActions } from './expected.js';
import type { ReceivedSpan } from './otlp-decoder.js';
import type { Wire } from './proxy.js';
import { ofSession, sessionsMatch, timesMatch } from './session-spans.js';
import { CODES } from './wire.js';

const SETUPS: readonly Setup[] = [
  { pipeline: 'rows', protocol: 'http/protobuf' },
  { pipeline: 'rows', protocol: 'http/json' },
  { pipeline: 'sdk', protocol: 'http/protobuf' },
  { pipeline: 'sdk', protocol: 'http/json' },
];

for (const setup of SETUPS) {
  describe(`autobahn-js, wampy and 20 subscribers, spans by ${setup.pipeline} over ${setup.protocol}`, () => {
    let evidence: Evidence;
    let expected: ExpectedAction[];
    before(async () => {
      evidence = await perform(setup);
      expected = expectedActions(evidence.cast);
    });

    test('the router had nothing to complain about', () => deepEqual(evidence.warnings, []));

    test('records are numbered without gaps, their timestamps rise', () => {
      const { records } = evidence;
      deepEqual(
        records.map(record => record.seq),
        records.map((_, i) => i),
      );
      for (const clock of ['ts', 'pc'] as const) {
        for (const [i, record] of records.entries()) ok(i === 0 || record[clock] >= records[i - 1]![clock]);
      }
    });

    test('records are the messages that crossed the wire, octet for octet', () => recordsMatchWires(evidence));

    test('all messages of one action, and only those, share a correlation', () => {
      const actual = [...groups(evidence.records).values()].map(group => ({
        anchor: anchorOf(evidence, group[0]!),
        messages: group.map(record => line(evidence, record)),
        last: group.findIndex(record => record.correlation_is_last),
      }));
      const wanted = expected.map(({ anchor, messages, late }) => ({
        anchor,
        messages,
        last: messages.length - 1 - late,
      }));
      deepEqual(actual.sort(byAnchor), wanted.sort(byAnchor));
    });

    test('messages that share a correlation carry the same mark', () => {
      for (const group of groups(evidence.records).values()) {
        const mark = markOf(group[0]!);
        for (const record of group) if (mark !== undefined) equal(markOf(record) ?? mark, mark);
      }
    });

    test('a correlation has one anchor, one last message, one URI, one trace id', () => {
      for (const [correlation, group] of groups(evidence.records)) {
        match(correlation, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        const [anchor] = group;
        equal(group.filter(record => record.correlation_is_anchor).length, 1, 'one anchor');
        equal(anchor!.correlation_is_anchor, true, 'which comes first');
        equal(group.filter(record => record.correlation_is_last).length, 1, 'one last message');
        deepEqual(new Set(group.map(record => record.uri)).size, 1, `one URI: ${group.map(record => record.uri)}`);
        for (const record of group) equal(record.trace_id, correlation.replaceAll('-', ''));
      }
    });

    test('spans form exactly the expected trees', () => {
      const { receiver, records } = evidence;
      deepEqual(receiver.failures, []);
      deepEqual(
        [...receiver.requests],
        [`POST /v1/traces application/${setup.protocol === 'http/json' ? 'json' : 'x-protobuf'}`],
      );
      const byAction = new Map([...groups(records).values()].map(group => [anchorOf(evidence, group[0]!), group]));
      const ofActions = receiver.spans.filter(span => !ofSession(span));
      const spans = new Map<string, ReceivedSpan[]>();
      for (const span of ofActions) spans.set(span.traceId, [...(spans.get(span.traceId) ?? []), span]);
      for (const action of expected) {
        const group = byAction.get(action.anchor)!;
        treeMatches(action, spans.get(group[0]!.trace_id) ?? [], group);
      }
      equal(ofActions.length, expected.flatMap(action => action.spans).length, 'and no other spans');
      equal(new Set(receiver.spans.map(span => span.spanId)).size, receiver.spans.length, 'each with its own id');
      for (const { resource, scope } of receiver.spans) {
        equal(resource['service.name'], 'wampscope');
        equal(scope, 'wampscope');
      }
    });

    test('each session of a traced realm has a span of its beginning, and one of its end that points to it', () =>
      sessionsMatch(evidence));

    test('the time of a call is that of the router and that of the callee', () => timesMatch(evidence));

    test('on_stats tells what crossed the wire, from HELLO to GOODBYE', () => {
      const { cast, stats } = evidence;
      for (const [name, wire] of cast.wires) {
        if (name === 'auditor') continue;
        const cycles = stats.get(wire.session)!;
        deepEqual(
          cycles.map(({ cycle, first, last }) => ({ cycle, first, last })),
          cycles.map((_, i) => ({ cycle: i + 1, first: i === 0, last: i === cycles.length - 1 })),
          name,
        );
        const total = (read: (of: (typeof cycles)[number]) => number): number => sum(cycles.map(read));
        equal(
          total(of => of.bytes),
          wire.octets('rx') + wire.octets('tx'),
          `bytes of ${name}`,
        );
        equal(
          total(of => of.messages),
          wire.messages.length,
          `messages of ${name}`,
        );
        const rated = sum(wire.messages.map(({ bytes }) => Math.ceil(bytes.length / 256)));
        equal(
          total(of => of.rated_messages),
          rated,
          `rated messages of ${name}`,
        );
        deepEqual(new Set(cycles.map(of => of.serializer)), new Set([wire.serializer]));
      }
      ok(cast.wire('caller').messages.some(({ bytes }) => bytes.length === 256));
    });

    test('timestamps and durations of on_stats are whole nanoseconds', () => {
      const events = evidence.auditor.messages.filter(({ bytes }) => bytes.includes('"rated_messages"'));
      ok(events.length > evidence.cast.wires.size);
      for (const { bytes } of events) match(bytes.toString(), /"timestamp":\d{19},"duration":\d+,/);
    });

    test('/metrics tells what crossed the wire, and the same as on_stats', () => {
      const { cast, metrics, manager, auditor, stats } = evidence;
      // As it was when /metrics was read.
      const wires = [...cast.wires].map(([name, wire]) => (name === 'auditor' ? auditor : wire));
      realmMatches(metrics, 'realm1', wires);
      realmMatches(metrics, 'com.wampscope.management', [manager]);
      const octets = (direction: string): number =>
        sum([...metrics].filter(([name]) => name.startsWith(ioOf('realm1', direction))).map(([, value]) => value));
      const told = sum([...stats.values()].flat().map(of => of.bytes));
      const auditorsStats = sum((stats.get(auditor.session) ?? []).map(of => of.bytes));
      const auditorsOwn = auditor.octets('rx') + auditor.octets('tx');
      equal(octets('received') + octets('sent'), told - auditorsStats + auditorsOwn);
    });

    test('/metrics counts sessions, spans and traces', () => {
      const { metrics } = evidence;
      const sessions = [...metrics].filter(([name]) => name.startsWith('wamp_sessions{'));
      const there = sessions.filter(([, count]) => count > 0);
      equal(there.length, 1);
      match(there[0]![0], /realm="realm1"/);
      equal(there[0]![1], 1);
      equal(metrics.get('wamp_connections'), 1);
      const ofRealm = (name: string, label: string): number | undefined =>
        metrics.get(`${name}{realm="realm1",${label}}`);
      const [exact, prefix] = ['exact', 'prefix'].map(kind => ofRealm('wamp_subscriptions', `match="${kind}"`));
      equal(exact! + prefix!, 3);
      equal(ofRealm('wamp_event_dropped_total', 'reason="backpressure"'), 0);
      equal(ofRealm('wamp_event_dropped_total', 'reason="payload_limit"'), 0);
      equal(metrics.get('wamp_trace_actions_open'), 0);
      equal(metrics.get('wamp_trace_actions_abandoned_total'), 0);
      equal(metrics.get('wamp_trace_native_active'), 0);
      for (const outcome of ['dropped', 'failed'])
        equal(metrics.get(`wamp_trace_spans_total{outcome="${outcome}"}`), 0);
    });
  });
}

/** By correlation, in the order of their anchors. */
function groups(records: readonly TraceRecord[]): Map<string, TraceRecord[]> {
  const found = new Map<string, TraceRecord[]>();
  for (const record of records) {
    const group = found.get(record.correlation);
    if (group) group.push(record);
    else found.set(record.correlation, [record]);
  }
  return found;
}

/** `caller CALL com.example.echo mark`, read from the message itself. */
function anchorOf({ cast }: Evidence, record: TraceRecord): string {
  const { session_id, msg_type, msg, uri } = record;
  const type = msg_type.toUpperCase();
  const mark = markOf(record) ?? '';
  return `${cast.nameOf(session_id)} ${type} ${type.startsWith('UN') ? uri : msg[3]} ${mark}`;
}

/** The first argument, which the script gives to everything that it calls or publishes, and every callee gives back. */
function markOf({ msg_type, msg }: TraceRecord): unknown {
  const at = { Call: 4, Invocation: 4, Yield: 3, Result: 3, Publish: 4, Event: 4 }[msg_type];
  return at && (msg[at] as unknown[] | undefined)?.[0];
}

function line({ cast }: Evidence, { session_id, direction, msg_type }: TraceRecord): string {
  return `${cast.nameOf(session_id)} ${direction === 'rx' ? '→' : '←'} ${msg_type.toUpperCase()}`;
}

function byAnchor(a: { anchor: string }, b: { anchor: string }): number {
  return a.anchor < b.anchor ? -1 : 1;
}

/** Per session and direction; of the handshake and of events of the router's own nothing is recorded. */
function recordsMatchWires({ cast, records }: Evidence): void {
  for (const [name, wire] of cast.wires) {
    for (const direction of ['rx', 'tx'] as const) {
      const recorded = records.filter(record => record.session_id === wire.session && record.direction === direction);
      const crossed = wire.messages.filter(
        ({ direction: way, message }) =>
          way === direction && (message[0] as number) > CODES.GOODBYE! && !isMetaEvent(wire, message),
      );
      deepEqual(
        recorded.map(({ msg, bytes }) => ({ msg, bytes })),
        crossed.map(({ message, bytes }) => ({ msg: plain(message), bytes: bytes.length })),
        `${name} ${direction}`,
      );
      for (const record of recorded) {
        equal(record.msg_type.toUpperCase(), crossed[recorded.indexOf(record)]!.type);
        deepEqual(record.serializations, direction === 'rx' ? {} : { [wire.serializer]: record.bytes });
        equal(record.realm, 'realm1');
        equal(record.authid, wire.details.authid);
        equal(record.authrole, 'anonymous');
      }
    }
  }
}

function isMetaEvent(wire: Wire, message: readonly unknown[]): boolean {
  if (message[0] !== CODES.EVENT) return false;
  const topics = new Map(
    wire.messages
      .filter(({ type }) => type === 'SUBSCRIBE')
      .map(({ message: [, request, , topic] }) => {
        const reply = wire.one('SUBSCRIBED', candidate => candidate[1] === request);
        return [reply.message[2], String(topic)];
      }),
  );
  return topics.get(message[1])!.startsWith('wamp.');
}

/** As JSON has it, in which the tracing API answers. wampy sends options that are undefined; JSON has only null. */
function plain(message: readonly unknown[]): unknown {
  return JSON.parse(JSON.stringify(message, (_key, value) => (value === undefined ? null : value)));
}

function treeMatches(action: ExpectedAction, spans: readonly ReceivedSpan[], group: readonly TraceRecord[]): void {
  const { anchor, late } = action;
  const { correlation } = group[0]!;
  const root = spans.find(span => span.parentSpanId === '');
  ok(root, `${anchor}: a root among ${spans.length} spans`);
  deepEqual(
    spans.map(span => span.parentSpanId),
    action.spans.map((_, i) => (i === 0 ? '' : root.spanId)),
    `${anchor}: parents`,
  );
  for (const [i, wanted] of action.spans.entries()) {
    const { name, kind, status, attributes, flags } = spans[i]!;
    const { attributes: told, ...rest } = withCorrelation(wanted, i === 0, correlation, attributes);
    deepEqual({ name, kind, failed: status === 'error' }, rest, anchor);
    deepEqual(withoutQueues(attributes), told, `${anchor}: attributes of ${name}`);
    // W3C: sampled and random; OTLP: it is known that no parent is remote.
    equal(flags, 0x103);
  }
  // A record's clock is in seconds, so its steps are of some hundred nanoseconds.
  const near = (nanoseconds: bigint, seconds: number): boolean => Math.abs(Number(nanoseconds) / 1e9 - seconds) < 2e-6;
  ok(near(root.start, group[0]!.ts), `${anchor}: begins with its anchor`);
  if (late === 0)
    ok(
      near(root.end, group.at(-1)!.ts) ||
        action.spans[1]?.name.startsWith('invoke wamp.') ||
        isFanOut(action, root, group),
      `${anchor}: ends with its last message`,
    );
  for (const { start, end, attributes } of spans) {
    const within = attributes['wamp.late_result'] ? root.end <= end : end <= root.end;
    ok(root.start <= start && start <= end && within, `${anchor}: within`);
  }
}

/** It ends when all EVENTs are on their way, and some share the time of one before them. */
function isFanOut({ spans }: ExpectedAction, root: ReceivedSpan, group: readonly TraceRecord[]): boolean {
  return Boolean(spans[1]?.name.startsWith('deliver')) && Number(root.end) / 1e9 > group.at(-1)!.ts - 2e-6;
}

/** What waited for a peer when a message was sent is known to the router alone. */
function withoutQueues(attributes: ReceivedSpan['attributes']): ReceivedSpan['attributes'] {
  const { 'wamp.queue.bytes': _one, 'wamp.event.queue.max': _max, ...others } = attributes;
  return others;
}

function withCorrelation(
  { name, kind, failed, attributes }: ExpectedSpan,
  isRoot: boolean,
  correlation: string,
  actual: ReceivedSpan['attributes'],
): ExpectedSpan {
  const known = Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, value === ANY ? (actual[key] ?? ANY) : value]),
  );
  const own = isRoot ? { 'wamp.correlation_id': correlation, 'wamp.sampling.reason': 'ratio' } : {};
  const conversation = isRoot && kind === 'consumer' ? { 'messaging.message.conversation_id': correlation } : {};
  return { name, kind, failed, attributes: { ...known, ...own, ...conversation } };
}

function realmMatches(metrics: ReadonlyMap<string, number>, realm: string, wires: readonly Wire[]): void {
  const counted = new Map<string, number>();
  const add = (key: string, value: number): void => void counted.set(key, (counted.get(key) ?? 0) + value);
  for (const { direction, type, bytes } of wires.flatMap(wire => wire.messages)) {
    const way = direction === 'rx' ? 'received' : 'sent';
    add(`wamp_messages_total{realm="${realm}",type="${type}",direction="${way}"}`, 1);
    add(`wamp_message_io_bytes_total{realm="${realm}",direction="${way}"}`, bytes.length);
  }
  const told = new Map<string, number>();
  for (const [name, value] of metrics) {
    if (!name.includes(`realm="${realm}"`) || !/^wamp_message(s|_io)/.test(name)) continue;
    const key = name.replace(/,serializer="\w+"/, '');
    told.set(key, (told.get(key) ?? 0) + value);
  }
  deepEqual(new Map([...told].sort()), new Map([...counted].sort()));
}

/** Of all serializers. */
function ioOf(realm: string, direction: string): string {
  return `wamp_message_io_bytes_total{realm="${realm}",direction="${direction}",`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
