/** Owns the way from the workers' numbers to the metrics: what is measured, and how it is read. */

import type {
  MethodFigures,
  MetricsSource,
  NodeFigures,
  RealmFigures,
  UriFigures,
} from '../observers/metrics/index.js';
import { bucketsOf, METRICS } from '../observers/metrics/table.js';
import type { SpanStats } from '../observers/spans/index.js';
import type { Realm } from '../realm/realm.js';
import type { RealmMeter } from '../realm/realm-meter.js';
import { Metering } from '../session/metering.js';
import type { Flusher } from '../transport/send-queue.js';
import { VERSION } from './version.js';
import type { Worker } from './worker.js';

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;
/** A peer is slow when this part of its send queue is in use. */
const SLOW = 1 / 4;

/** Measures for all workers of a node; a turn ends when its flusher has written what there was to write. */
export function createMetering(procedures: number, flusher: Flusher): Metering {
  return new Metering({
    bounds: {
      calls: bucketsOf(METRICS.calls, MICROSECONDS),
      router: bucketsOf(METRICS.routerTime, MICROSECONDS),
      auth: bucketsOf(METRICS.auth, MICROSECONDS),
      sessions: bucketsOf(METRICS.sessionDuration, MILLISECONDS),
      sizes: bucketsOf(METRICS.sizes),
      fanout: bucketsOf(METRICS.fanout),
    },
    procedures,
    now: () => performance.now(),
    schedule: end => {
      flusher.onFlushed = end;
      flusher.wake();
    },
  });
}

export interface NodeParts {
  readonly workers: readonly Worker[];
  readonly metering: Metering;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** `undefined` while no spans are exported. */
  spans(): SpanStats | undefined;
}

export function metricsSource({ workers, metering, started, spans }: NodeParts): MetricsSource {
  const realms = (): Realm[] => workers.flatMap(({ router }) => [...router.realms.values()]);
  const named = (name: string | undefined): Realm[] =>
    realms().filter(realm => name === undefined || realm.name === name);
  return {
    version: VERSION,
    started,
    slowAbove: SLOW * (workers[0]?.router.limits.sendQueueBytes ?? 0),
    read: () => nodeFigures(workers, metering, spans()),
    *sessions(realm) {
      for (const { sessions } of named(realm)) yield* sessions.values();
    },
    *registrations(realm) {
      for (const { name, dealer } of named(realm)) {
        for (const { uri, match, calls, callees } of both(dealer.registrations)) {
          yield { realm: name, uri, match, total: calls, sessions: callees.length } satisfies UriFigures;
        }
      }
    },
    *subscriptions(realm) {
      for (const { name, broker } of named(realm)) {
        for (const { uri, match, events, subscribers } of both(broker.subscriptions)) {
          yield { realm: name, uri, match, total: events, sessions: subscribers.size } satisfies UriFigures;
        }
      }
    },
  };
}

function* both<T>(patterns: { values(match: 'exact' | 'prefix'): Iterable<T> }): Iterable<T> {
  yield* patterns.values('exact');
  yield* patterns.values('prefix');
}

function nodeFigures(workers: readonly Worker[], metering: Metering, spans: SpanStats | undefined): NodeFigures {
  const sum = (read: (worker: Worker) => number): number => workers.reduce((total, worker) => total + read(worker), 0);
  return {
    realms: workers.flatMap(({ router }) => [...router.realms.values()].map(realmFigures)),
    connections: sum(worker => worker.router.connections),
    openActions: sum(worker => worker.observatory.correlator.openActions),
    abandonedActions: sum(worker => worker.observatory.correlator.abandoned),
    runningTraces: sum(worker => worker.traces.list(false).length),
    harmfulTraces: sum(worker => worker.traces.stoppedForHarm),
    spans: spans
      ? [
          ['exported', spans.exported],
          ['dropped', spans.dropped],
          ['failed', spans.failed],
        ]
      : [],
    spanPipeline: spans,
    logins: metering.logins.values(),
    sizes: code => {
      const counts = metering.sizes.of(code);
      return counts.some(count => count > 0) ? { counts, sum: metering.sizes.sums[code]! } : undefined;
    },
    overflow: Object.entries(metering.overflow),
  };
}

function realmFigures(realm: Realm): RealmFigures {
  const { name, attendance, counts, dealer, broker, meter } = realm;
  const { groups, opened, closed } = attendance;
  const { subscriptions } = broker;
  const { registrations } = dealer;
  return {
    name,
    groups: groups.values(),
    opened,
    closed,
    received: counts.received,
    sent: counts.sent,
    octets: Object.entries(counts.octets),
    rated: ratedOf(realm),
    openCalls: dealer.openCalls,
    progressiveResults: dealer.progressiveResults,
    dropped: [
      ['backpressure', counts.droppedFull],
      ['payload_limit', counts.droppedLong],
    ],
    subscriptions: { exact: subscriptions.size('exact'), prefix: subscriptions.size('prefix') },
    registrations: { exact: registrations.size('exact'), prefix: registrations.size('prefix') },
    measures: meter && measuresOf(meter),
  };
}

/** What only the sessions themselves know: a glance at each, so that messages need not be counted twice. */
function ratedOf({ sessions, attendance }: Realm): RealmFigures['rated'] {
  let received = attendance.receivedRated;
  let sent = attendance.sentRated;
  for (const { traffic } of sessions.values()) {
    received += traffic.receivedRated;
    sent += traffic.sentRated;
  }
  return { received, sent };
}

function measuresOf(meter: RealmMeter): NonNullable<RealmFigures['measures']> {
  const { sessionDuration, callLeg, resultLeg, delivery, fanout } = meter;
  return {
    sessionDuration,
    callLeg,
    resultLeg,
    delivery,
    fanout,
    methods: methodsOf(meter),
    errors: meter.errors.values(),
  };
}

function methodsOf({ methods, others }: RealmMeter): MethodFigures[] {
  return [...methods.values(), others].map(({ uri, ok, failures, callee }) => ({
    uri,
    endings: [ok, ...failures.values()],
    callee,
  }));
}
