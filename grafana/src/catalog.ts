/** Owns the metrics that dashboards and rules may name: the router's own table, and the listed ones of others. */

import { DETAILED, METRICS, prometheusType } from '../../src/observers/metrics/table.js';
import { EXTERNAL } from './external.js';
import type { Instrument } from './instrument.js';

type Rows = (typeof METRICS)[keyof typeof METRICS];
type SessionRows = (typeof DETAILED)['session'][keyof (typeof DETAILED)['session']];
type OwnCatalog = {
  readonly [R in Rows | SessionRows as R['name']]: {
    readonly type: R['kind'] extends 'level' ? 'gauge' : R['kind'];
    readonly labels: R['labels'];
    readonly scrape: Instrument['scrape'];
  };
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

function entry(row: Rows | SessionRows, scrape: Instrument['scrape']): [string, Instrument] {
  return [row.name, { type: prometheusType(row), labels: row.labels, scrape }];
}

/** Of the families of /metrics/detailed only the sessions are scraped: see the jobs of Prometheus' configuration. */
export const CATALOG = {
  ...Object.fromEntries(Object.values(METRICS).map(row => entry(row, 'metrics'))),
  ...Object.fromEntries(Object.values(DETAILED.session).map(row => entry(row, 'detailed'))),
  ...EXTERNAL,
} as Catalog;

const SUFFIX = /_(?:bucket|sum|count)$/;

/** What is known of a series; `undefined` for a name that none has. */
export function instrumentOf(series: string): Instrument | undefined {
  const instruments: { readonly [name: string]: Instrument } = CATALOG;
  const own = instruments[series];
  // wamp_sessions is a gauge of that name; a histogram has no series without a suffix.
  if (own) return own.type === 'histogram' ? undefined : own;
  const base = instruments[series.replace(SUFFIX, '')];
  return base?.type === 'histogram' ? base : undefined;
}
