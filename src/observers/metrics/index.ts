/** Owns the Prometheus metrics: read from the router's counters at scrape time, never written while routing. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { messageName } from '../../wire/codes.js';
import type { SpanStats } from '../spans/index.js';

/** What is counted of one realm; totals since the start. */
export interface RealmFigures {
  readonly name: string;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly registrations: number;
  /** Messages by type code. */
  readonly received: ArrayLike<number>;
  readonly sent: ArrayLike<number>;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly droppedEvents: number;
}

/** What the node lets the metrics read. */
export interface MetricsSource {
  realms(): Iterable<RealmFigures>;
  readonly version: string;
  connections(): number;
  openActions(): number;
  abandonedActions(): number;
  runningTraces(): number;
  /** Traces that were stopped because they harmed the router. */
  harmfulTraces(): number;
  /** `undefined` while no spans are exported. */
  spans(): SpanStats | undefined;
}

/** Metric names, types, labels and help; the README's table is tested against it. */
export const METRICS = {
  info: ['wampscope_build_info', 'gauge', 'Constant 1; the version is a label', ['version']],
  connections: ['wamp_connection_count', 'gauge', 'Open transport connections', []],
  sessions: ['wamp_session_count', 'gauge', 'Network sessions in a realm', ['realm']],
  subscriptions: ['wamp_subscription_count', 'gauge', 'Subscriptions of a realm, by topic and match', ['realm']],
  registrations: ['wamp_registration_count', 'gauge', 'Registrations of a realm, the router’s own included', ['realm']],
  messages: ['wamp_messages_total', 'counter', 'WAMP messages, by type and direction', ['realm', 'type', 'direction']],
  bytes: ['wamp_message_io_bytes_total', 'counter', 'Octets of WAMP messages before framing', ['realm', 'direction']],
  dropped: ['wamp_event_dropped_total', 'counter', 'EVENTs that a subscriber could not take', ['realm']],
  openActions: ['wamp_trace_actions_open', 'gauge', 'Traced actions that have not ended', []],
  abandoned: ['wamp_trace_actions_abandoned_total', 'counter', 'Traced actions given up: too many or too old', []],
  traces: ['wamp_trace_native_active', 'gauge', 'Native traces that are running', []],
  harmful: ['wamp_trace_native_stopped_total', 'counter', 'Native traces stopped because they harmed the router', []],
  spans: ['wamp_trace_spans_total', 'counter', 'Spans, by what became of them', ['outcome']],
} as const satisfies Record<string, readonly [string, 'gauge' | 'counter', string, readonly string[]]>;

type Set = (value: number, ...labels: string[]) => void;

/** A registry whose metrics read `source` whenever it is scraped. */
export function createMetrics(source: MetricsSource): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const define = (row: (typeof METRICS)[keyof typeof METRICS], collect: (set: Set) => void): void => {
    const [name, type, help, labelNames] = row;
    const toLabels = (labels: string[]): Record<string, string> =>
      Object.fromEntries(labelNames.map((label, index) => [label, labels[index]!]));
    if (type === 'gauge') {
      new Gauge({
        name,
        help,
        labelNames,
        registers: [registry],
        collect() {
          collect((value, ...labels) => this.set(toLabels(labels), value));
        },
      });
    } else {
      new Counter({
        name,
        help,
        labelNames,
        registers: [registry],
        collect() {
          // The totals are the router's; a counter here only shows them.
          this.reset();
          collect((value, ...labels) => this.inc(toLabels(labels), value));
        },
      });
    }
  };
  define(METRICS.info, set => set(1, source.version));
  define(METRICS.connections, set => set(source.connections()));
  define(METRICS.openActions, set => set(source.openActions()));
  define(METRICS.abandoned, set => set(source.abandonedActions()));
  define(METRICS.harmful, set => set(source.harmfulTraces()));
  define(METRICS.traces, set => set(source.runningTraces()));
  const perRealm = (row: (typeof METRICS)[keyof typeof METRICS], read: (realm: RealmFigures, set: Set) => void): void =>
    define(row, set => {
      for (const realm of source.realms()) read(realm, set);
    });
  perRealm(METRICS.sessions, (realm, set) => set(realm.sessions, realm.name));
  perRealm(METRICS.subscriptions, (realm, set) => set(realm.subscriptions, realm.name));
  perRealm(METRICS.registrations, (realm, set) => set(realm.registrations, realm.name));
  perRealm(METRICS.dropped, (realm, set) => set(realm.droppedEvents, realm.name));
  perRealm(METRICS.bytes, (realm, set) => {
    set(realm.receivedBytes, realm.name, 'received');
    set(realm.sentBytes, realm.name, 'sent');
  });
  perRealm(METRICS.messages, (realm, set) => {
    for (let code = 0; code < realm.received.length; code++) {
      // What could not be decoded.
      const type = code === 0 ? '_OTHER' : messageName(code);
      if (!type) continue;
      if (realm.received[code]) set(realm.received[code]!, realm.name, type, 'received');
      if (realm.sent[code]) set(realm.sent[code]!, realm.name, type, 'sent');
    }
  });
  define(METRICS.spans, set => {
    const spans = source.spans();
    if (!spans) return;
    set(spans.exported, 'exported');
    set(spans.dropped, 'dropped');
    set(spans.failed, 'failed');
  });
  return registry;
}
