/** Owns `/metrics/detailed`: who and what makes the traffic, one by one, limited to the largest. */

import type { SampleFamily } from './families.js';
import type { Slices } from './pace.js';
import type { MetricsSource, SessionFigures, UriFigures } from './source.js';
import { DETAILED, type Family, type MetricRow } from './table.js';

export interface DetailedQuery {
  readonly family: Family;
  /** How many sessions, registrations or subscriptions: those with the most octets, calls or events. */
  readonly limit: number;
  readonly realm: string | undefined;
  /** The beginning of an authid; of a procedure or topic. */
  readonly match: string | undefined;
}

/** Steps between looks at the clock. */
const STRIDE = 256;
/** A peer's text must not make the answer as long as it likes. */
const LONGEST = 255;

/** The families that answer a query; choosing the largest takes its own turns. */
export async function detailedFamilies(
  source: MetricsSource,
  query: DetailedQuery,
  slices: Slices,
): Promise<SampleFamily[]> {
  const { family, realm, match } = query;
  if (family === 'session') {
    const found = await largest(source.sessions(realm), query.limit, octetsOf, authidIs(match), slices);
    return sessionFamilies(found);
  }
  const of = family === 'procedure' ? source.registrations(realm) : source.subscriptions(realm);
  const found = await largest(of, query.limit, ({ total }) => total, uriIs(match), slices);
  const rows = DETAILED[family];
  const [total, sessions] = 'calls' in rows ? [rows.calls, rows.callees] : [rows.events, rows.subscribers];
  return uriFamilies(found, total, sessions);
}

function authidIs(match = ''): (session: SessionFigures) => boolean {
  return ({ identity }) => identity.authid.startsWith(match);
}

/** Those with a text that would not be the same again after it was written: two of them could look like one. */
function uriIs(match = ''): (figures: UriFigures) => boolean {
  return ({ uri }) => uri.startsWith(match) && uri.length <= LONGEST && !/\p{Surrogate}/u.test(uri);
}

function octetsOf({ traffic }: SessionFigures): number {
  return traffic.receivedBytes + traffic.sentBytes;
}

/** The `limit` items with the most weight, in no order: a heap of the chosen, the lightest on top. */
async function largest<T>(
  items: Iterable<T>,
  limit: number,
  weigh: (item: T) => number,
  wanted: (item: T) => boolean,
  slices: Slices,
): Promise<T[]> {
  const chosen: T[] = [];
  const weights: number[] = [];
  let steps = 0;
  for (const item of items) {
    if (++steps % STRIDE === 0 && slices.isOver) await slices.rest();
    if (!wanted(item)) continue;
    // Weighed once: it may become heavier while we choose.
    const weight = weigh(item);
    if (chosen.length < limit) {
      chosen.push(item);
      weights.push(weight);
      rise(chosen, weights);
    } else if (weight > weights[0]!) {
      chosen[0] = item;
      weights[0] = weight;
      sink(chosen, weights);
    }
  }
  return chosen;
}

function rise<T>(items: T[], weights: number[]): void {
  let at = items.length - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (weights[above]! <= weights[at]!) return;
    swap(items, weights, at, above);
    at = above;
  }
}

function sink<T>(items: T[], weights: number[]): void {
  for (let at = 0; ; ) {
    let lightest = at;
    for (const below of [2 * at + 1, 2 * at + 2]) {
      if (below < items.length && weights[below]! < weights[lightest]!) lightest = below;
    }
    if (lightest === at) return;
    swap(items, weights, at, lightest);
    at = lightest;
  }
}

function swap<T>(items: T[], weights: number[], a: number, b: number): void {
  [items[a], items[b]] = [items[b]!, items[a]!];
  [weights[a], weights[b]] = [weights[b]!, weights[a]!];
}

type ReadTraffic = (traffic: SessionFigures['traffic']) => number;

/**
 * Labels are made anew for each sample: what dies young costs the garbage collector nothing, whereas ten thousand
 * labels that wait for the next metric make it stop the router for milliseconds.
 */
function sessionFamilies(sessions: readonly SessionFigures[]): SampleFamily[] {
  const rows = DETAILED.session;
  const both = (row: MetricRow, received: ReadTraffic, sent: ReadTraffic): SampleFamily => ({
    row,
    samples: each(sessions, session => [
      { labels: [...labelsOf(session), 'received'], value: received(session.traffic) },
      { labels: [...labelsOf(session), 'sent'], value: sent(session.traffic) },
    ]),
  });
  const one = (row: MetricRow, read: (session: SessionFigures) => number): SampleFamily => ({
    row,
    samples: each(sessions, session => [{ labels: labelsOf(session), value: read(session) }]),
  });
  return [
    both(
      rows.bytes,
      traffic => traffic.receivedBytes,
      traffic => traffic.sentBytes,
    ),
    both(
      rows.messages,
      traffic => traffic.receivedMessages,
      traffic => traffic.sentMessages,
    ),
    both(
      rows.rated,
      traffic => traffic.receivedRated,
      traffic => traffic.sentRated,
    ),
    one(rows.dropped, ({ traffic }) => traffic.droppedEvents),
    one(rows.buffered, ({ buffered }) => buffered),
  ];
}

function labelsOf({ identity }: SessionFigures): string[] {
  const { realm, id, authid, authrole, serializer, transport } = identity;
  return [realm, String(id), authid.slice(0, LONGEST), authrole, serializer ?? '', transport];
}

function uriFamilies(found: readonly UriFigures[], total: MetricRow, sessions: MetricRow): SampleFamily[] {
  const labelled = found.map(figures => ({ figures, labels: [figures.realm, figures.uri, figures.match] }));
  return [
    { row: total, samples: each(labelled, ({ figures, labels }) => [{ labels, value: figures.total }]) },
    { row: sessions, samples: each(labelled, ({ figures, labels }) => [{ labels, value: figures.sessions }]) },
  ];
}

function* each<T, S>(of: Iterable<T>, read: (one: T) => readonly S[]): Iterable<S> {
  for (const item of of) yield* read(item);
}
