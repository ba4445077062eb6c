/** Owns what each metric reads: the one place where figures become samples, for Prometheus and OTLP alike. */

import { messageName } from '../../wire/codes.js';
import type { SpanStats } from '../spans/pipeline.js';
import type { Exemplar, Exemplars } from './exemplars.js';
import type { CallEnding, Distribution, MethodFigures, NodeFigures, RealmFigures, RealmMeasures } from './source.js';
import { type Label, METRICS, type MetricRow } from './table.js';

/** A value, or a distribution in ticks of the row's unit. Labels are in the order of the row's. */
export type Sample =
  | { readonly labels: readonly string[]; readonly value: number }
  | {
      readonly labels: readonly string[];
      readonly distribution: Distribution;
      readonly ticks: number;
      readonly exemplars?: readonly (Exemplar | undefined)[] | undefined;
    };

/** One metric with all it has to say, read only when asked for: thousands of samples need not be there at once. */
export interface SampleFamily {
  readonly row: MetricRow;
  readonly samples: Iterable<Sample>;
}

/** What waits for slow peers. */
export interface Backlog {
  /** Octets, of all sessions and of the slowest. */
  readonly sum: number;
  readonly max: number;
  /** Slow sessions. */
  readonly slow: number;
}

/** What the metrics find out themselves. */
export interface SelfFigures {
  readonly backlog: Backlog;
  readonly version: string;
  readonly utilization: number;
  /** Of the last scrape: seconds, and samples. */
  readonly scrape: { readonly duration: number; readonly stall: number; readonly samples: number } | undefined;
  readonly exemplars: Exemplars;
}

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;
const SYSTEM = 'wamp';

/** All metrics but those of Node.js itself. */
export function* families(node: NodeFigures, self: SelfFigures): Iterable<SampleFamily> {
  const { realms } = node;
  const measured = realms.filter((realm): realm is Measured => realm.measures !== undefined);

  yield one(METRICS.info, 1, self.version);
  yield one(METRICS.connections, node.connections);
  yield one(METRICS.buffered, self.backlog.sum);
  yield one(METRICS.bufferedMax, self.backlog.max);
  yield one(METRICS.slow, self.backlog.slow);
  yield each(METRICS.sessions, realms, sessionsOf);
  yield each(METRICS.opened, realms, realm => [value(realm.opened, realm.name)]);
  yield each(METRICS.closed, realms, realm => pairs(realm.closed, realm.name));
  yield each(METRICS.sessionDuration, measured, ({ name, measures }) => [
    spread(measures.sessionDuration, MILLISECONDS, name),
  ]);
  yield each(METRICS.auth, node.logins, ({ method, outcome, duration }) => [
    spread(duration, MICROSECONDS, method, outcome),
  ]);
  yield each(METRICS.messages, realms, messagesOf);
  yield each(METRICS.bytes, realms, octetsOf);
  yield each(METRICS.rated, realms, ({ name, rated }) => [
    value(rated.received, name, 'received'),
    value(rated.sent, name, 'sent'),
  ]);
  yield { row: METRICS.sizes, samples: sizesOf(node) };
  yield each(METRICS.calls, measured, realm => callsOf(realm, self.exemplars));
  yield each(METRICS.routerTime, measured, ({ name, measures }) => [
    spread(measures.callLeg, MICROSECONDS, name, 'call'),
    spread(measures.resultLeg, MICROSECONDS, name, 'result'),
  ]);
  yield each(METRICS.calleeTime, measured, calleesOf);
  yield each(METRICS.inflight, realms, realm => [value(realm.openCalls, realm.name)]);
  yield each(METRICS.progress, realms, realm => [value(realm.progressiveResults, realm.name)]);
  yield each(METRICS.errors, measured, errorsOf);
  yield each(METRICS.fanout, measured, ({ name, measures }) => [spread(measures.fanout, 1, name)]);
  yield each(METRICS.delivery, measured, ({ name, measures }) => [spread(measures.delivery, MICROSECONDS, name)]);
  yield each(METRICS.dropped, realms, realm => pairs(realm.dropped, realm.name));
  yield each(METRICS.subscriptions, realms, ({ name, subscriptions: { exact, prefix } }) => [
    value(exact, name, 'exact'),
    value(prefix, name, 'prefix'),
  ]);
  yield each(METRICS.registrations, realms, ({ name, registrations: { exact, prefix } }) => [
    value(exact, name, 'exact'),
    value(prefix, name, 'prefix'),
  ]);
  yield one(METRICS.openActions, node.openActions);
  yield one(METRICS.abandoned, node.abandonedActions);
  yield one(METRICS.traces, node.runningTraces);
  yield one(METRICS.harmful, node.harmfulTraces);
  yield { row: METRICS.spans, samples: pairs(node.spans) };
  if (node.spanPipeline) yield* spanFamilies(node.spanPipeline);
  yield one(METRICS.utilization, self.utilization);
  if (self.scrape) {
    yield one(METRICS.scrapeDuration, self.scrape.duration);
    yield one(METRICS.scrapeStall, self.scrape.stall);
    yield one(METRICS.scrapeSamples, self.scrape.samples);
  }
  yield { row: METRICS.overflow, samples: pairs(node.overflow) };
}

/** The state of the breaker as a number that can be drawn. */
const OPENNESS = { closed: 0, half_open: 0.5, open: 1 } as const;

function* spanFamilies(stats: SpanStats): Generator<SampleFamily> {
  const samples = [
    ...Object.entries(stats.droppedBy).map(([cause, spans]) => value(spans, 'dropped', cause)),
    ...Object.entries(stats.failedBy).map(([cause, spans]) => value(spans, 'failed', cause)),
  ];
  yield { row: METRICS.spansLost, samples };
  yield one(METRICS.spansImportantDropped, stats.importantDropped);
  yield one(METRICS.spanQueue, stats.waiting - stats.sending);
  yield one(METRICS.spanQueueCapacity, stats.capacity);
  yield one(METRICS.spanQueueBytes, stats.waitingBytes);
  yield one(METRICS.spanQueueCapacityBytes, stats.capacityBytes);
  yield one(METRICS.spansInFlight, stats.sending);
  yield one(METRICS.exportRequests, stats.requests);
  yield one(METRICS.exportSeconds, stats.requestSeconds);
  yield one(METRICS.exportRetries, stats.retries);
  yield one(METRICS.exportBytes, stats.bytesSent);
  yield one(METRICS.breakerOpen, OPENNESS[stats.breaker]);
  yield one(METRICS.breakerOpened, stats.breakerOpened);
}

type Measured = RealmFigures & { readonly measures: RealmMeasures };

function value(number: number, ...labels: string[]): Sample {
  return { labels, value: number };
}

function spread(distribution: Distribution, ticks: number, ...labels: string[]): Sample {
  return { labels, distribution, ticks };
}

function one(row: MetricRow, number: number, ...labels: string[]): SampleFamily {
  return { row, samples: [value(number, ...labels)] };
}

function each<T>(row: MetricRow, of: Iterable<T>, read: (one: T) => Iterable<Sample>): SampleFamily {
  return { row, samples: flat(of, read) };
}

function* flat<T>(of: Iterable<T>, read: (one: T) => Iterable<Sample>): Iterable<Sample> {
  for (const item of of) yield* read(item);
}

/** Counts by one more label. */
function* pairs(counts: Iterable<readonly [string, number]>, ...labels: string[]): Iterable<Sample> {
  for (const [name, count] of counts) yield value(count, ...labels, name);
}

function* sessionsOf({ name, groups }: RealmFigures): Iterable<Sample> {
  for (const { transport, serializer, authmethod, sessions } of groups) {
    yield value(sessions, name, transport, serializer, authmethod);
  }
}

function typeName(code: number): string | undefined {
  return code === 0 ? '_OTHER' : messageName(code);
}

function* messagesOf({ name, received, sent }: RealmFigures): Iterable<Sample> {
  for (let code = 0; code < received.length; code++) {
    const type = typeName(code);
    if (!type) continue;
    if (received[code]) yield value(received[code]!, name, type, 'received');
    if (sent[code]) yield value(sent[code]!, name, type, 'sent');
  }
}

/** Only serializers that were used. */
function* octetsOf({ name, octets }: RealmFigures): Iterable<Sample> {
  for (const [serializer, { received, sent }] of octets) {
    if (received === 0 && sent === 0) continue;
    yield value(received, name, 'received', serializer);
    yield value(sent, name, 'sent', serializer);
  }
}

function* sizesOf(node: NodeFigures): Iterable<Sample> {
  for (let code = 0; code < 128; code++) {
    const type = typeName(code);
    const sizes = type === undefined ? undefined : node.sizes(code);
    if (sizes) yield spread(sizes, 1, type!);
  }
}

function* callsOf({ name, measures }: Measured, exemplars: Exemplars): Iterable<Sample> {
  for (const method of measures.methods) {
    for (const ending of method.endings) {
      if (hasValues(ending.duration)) yield call(name, method, ending, exemplars);
    }
  }
}

function call(realm: string, { uri }: MethodFigures, { status, type, duration }: CallEnding, all: Exemplars): Sample {
  const exemplars = all.of({ realm, method: uri, status });
  return { labels: [realm, SYSTEM, uri, status, type], distribution: duration, ticks: MICROSECONDS, exemplars };
}

function* calleesOf({ name, measures }: Measured): Iterable<Sample> {
  for (const { uri, callee } of measures.methods) {
    if (hasValues(callee)) yield spread(callee, MICROSECONDS, name, uri);
  }
}

function hasValues({ counts }: Distribution): boolean {
  return Array.prototype.some.call(counts, count => count > 0);
}

function* errorsOf({ name, measures }: Measured): Iterable<Sample> {
  for (const { request, type, count } of measures.errors) yield value(count, name, request, type);
}

/** What a label is called in a row of samples. */
export function labelled(row: MetricRow, values: readonly string[]): [Label, string][] {
  return row.labels.map((label, index) => [label, values[index]!]);
}
