/** Owns the pieces that queries are made of: a metric can only be named with its own labels, and always with the filters. */

import { type BaseOf, instrumentOf, type LabelOf, type SeriesName } from './catalog.js';
import type { Instrument } from './instrument.js';

/** `'x'` asks for equality; a pair names the operator. */
export type Matcher = string | readonly ['=' | '!=' | '=~' | '!~', string];

export type Matchers<Name extends SeriesName> = {
  readonly [Label in
    | LabelOf<BaseOf<Name>>
    | (Name extends `${string}_bucket` ? 'le' : never)
    | 'job'
    | 'instance']?: Matcher;
};

/** Labels with a variable of the same purpose: a query is filtered by each that its metric has. */
const FILTERS: { readonly [label: string]: string } = {
  realm: '$realm',
  wamp_realm: '$realm',
  rpc_method: '$method',
};

/** Where a metric comes from decides which job filters it: those of other programs are not in the router's job. */
function jobFilter({ scrape }: Instrument): { readonly [label: string]: Matcher } {
  switch (scrape) {
    case 'metrics':
      return { job: ['=~', '$job'], instance: ['=~', '$instance'] };
    case 'detailed':
      return { instance: ['=~', '$instance'] };
    default:
      return {};
  }
}

/**
 * The selector of a series: `name{…}`, filtered by the variables `$job`, `$instance`, and `$realm`; by `$method` when
 * `byMethod`. What `matchers` says about a label goes before the filter.
 */
export function series<Name extends SeriesName>(name: Name, matchers: Matchers<Name> = {}, byMethod = false): string {
  const instrument = instrumentOf(name)!;
  const wanted: { [label: string]: Matcher } = { ...jobFilter(instrument) };
  for (const label of instrument.labels) {
    const variable = FILTERS[label];
    if (variable !== undefined && (variable !== '$method' || byMethod)) wanted[label] = ['=~', variable];
  }
  Object.assign(wanted, matchers);
  const written = Object.entries(wanted).map(([label, matcher]) => {
    const [operator, value] = typeof matcher === 'string' ? (['=', matcher] as const) : matcher;
    return `${label}${operator}"${value}"`;
  });
  return written.length ? `${name}{${written.join(',')}}` : name;
}

/** Increase per second over a window that always holds four scrapes. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

export function sum(by: readonly string[], expression: string): string {
  return by.length ? `sum by (${by.join(', ')}) (${expression})` : `sum(${expression})`;
}

/** Quantile `q` of a histogram's rate, per combination of the labels `by`. */
export function quantile(q: number | string, by: readonly string[], buckets: string): string {
  return `histogram_quantile(${q}, ${sum(['le', ...by], rate(buckets))})`;
}

/** Mean of a histogram; nothing while nothing is observed. */
export function mean(by: readonly string[], sums: string, counts: string): string {
  return `${sum(by, rate(sums))} / (${sum(by, rate(counts))} > 0)`;
}

/** A share of the whole; where the part has no series yet, the share is 0, and where the whole is 0 there is none. */
export function share(by: readonly string[], part: string, whole: string): string {
  const total = sum(by, rate(whole));
  return `(${sum(by, rate(part))} or ${total} * 0) / (${total} > 0)`;
}

/** The `n` greatest over the whole range, as lines: with a plain `topk` other series would come and go at each point. */
export function topOverRange(n: number | string, by: readonly string[], selector: string): string {
  return `${sum(by, rate(selector))} and topk(${n}, ${sum(by, `rate(${selector}[$__range] @ end())`)})`;
}
