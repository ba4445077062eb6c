/** Owns the metrics that dashboards and rules may name: the router's own table, and the listed ones of others. */

import { METRICS } from './draft.js';
import { EXTERNAL } from './external.js';

export interface Instrument {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Where it is read: the router's pages, the Collector, or another of Prometheus' targets. */
  readonly scrape: 'metrics' | 'detailed' | 'collector';
}

type Row = (typeof METRICS)[keyof typeof METRICS];
type OwnCatalog = {
  readonly [R in Row as R[0]]: { readonly type: R[1]; readonly labels: R[3]; readonly scrape: 'metrics' };
};
type Catalog = OwnCatalog & typeof EXTERNAL;

export type MetricName = keyof Catalog & string;

/** A name as it is in Prometheus: a histogram's has a suffix. */
export type SeriesName = {
  [Name in MetricName]: Catalog[Name]['type'] extends 'histogram' ? `${Name}_${'bucket' | 'sum' | 'count'}` : Name;
}[MetricName];

/** The metric that a series belongs to. */
export type BaseOf<Name extends SeriesName> = Name extends MetricName
  ? Name
  : Name extends `${infer Base}_${'bucket' | 'sum' | 'count'}`
    ? Base & MetricName
    : never;

export type LabelOf<Name extends MetricName> = Catalog[Name]['labels'][number];

const own = Object.values(METRICS).map(
  ([name, type, , labels]): readonly [string, Instrument] => [name, { type, labels, scrape: 'metrics' }],
);

export const CATALOG = { ...Object.fromEntries(own), ...EXTERNAL } as Catalog;

const SUFFIX = /_(?:bucket|sum|count)$/;

/** What is known of a series; `undefined` for a name that none has. */
export function instrumentOf(series: string): Instrument | undefined {
  const instruments: { readonly [name: string]: Instrument } = CATALOG;
  const own = instruments[series];
  // wamp_session_count is a gauge of that name; a histogram has no series without a suffix.
  if (own) return own.type === 'histogram' ? undefined : own;
  const base = instruments[series.replace(SUFFIX, '')];
  return base?.type === 'histogram' ? base : undefined;
}
