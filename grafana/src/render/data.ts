/** Owns what a panel shows: its queries with the variables filled in, asked of Prometheus, named as its legend says. */

import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import type { Exemplar, Prometheus, Series, TimeRange } from './prometheus.js';

export interface NamedSeries extends Series {
  readonly refId: string;
  readonly name: string;
}

export interface PanelData {
  readonly panel: dashboard.Panel;
  readonly series: readonly NamedSeries[];
  readonly exemplars: readonly Exemplar[];
  /** Queries that had no answer, and those that Prometheus refused with the reason. */
  readonly empty: readonly string[];
  readonly errors: readonly string[];
  readonly slowestMs: number;
}

export type Variables = { readonly [name: string]: string };

/** A dashboard's panels without its rows. */
export function panelsOf({ panels = [] }: dashboard.Dashboard): dashboard.Panel[] {
  return panels.filter((panel): panel is dashboard.Panel => panel.type !== 'row');
}

/** A panel's queries; all of ours are Prometheus'. */
export function targetsOf({ targets = [] }: dashboard.Panel): Dataquery[] {
  return targets as Dataquery[];
}

/** The variables that Grafana fills in by itself, with `scrapeInterval` in seconds. */
export function builtIn({ from, to, step }: TimeRange, scrapeInterval: number): Variables {
  const range = Math.round(to - from);
  return {
    __interval: `${step}s`,
    // As Grafana reckons it: never less than four scrapes.
    __rate_interval: `${Math.max(step + scrapeInterval, 4 * scrapeInterval)}s`,
    __range: `${range}s`,
    __range_s: `${range}`,
  };
}

/** The variables of a dashboard with `All` chosen, unless `chosen` says otherwise. */
export async function variablesOf(
  prometheus: Prometheus,
  { templating }: dashboard.Dashboard,
  range: TimeRange,
  chosen: Variables,
): Promise<Variables> {
  const values: { [name: string]: string } = { ...chosen };
  for (const { type, name, query, allValue, definition } of templating.list ?? []) {
    if (values[name] !== undefined) continue;
    if (type === 'textbox') values[name] = String(query);
    if (type === 'query') values[name] = allValue ?? (await allOf(prometheus, definition ?? '', range, values));
  }
  return values;
}

/** `label_values(selector, label)`, asked of Prometheus. */
async function allOf(prometheus: Prometheus, definition: string, range: TimeRange, values: Variables): Promise<string> {
  const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
  if (!selector || !label) throw new Error(`A variable is defined as ${definition}; known is label_values(…, label)`);
  const found = await prometheus.range(`group by (${label}) (${interpolate(selector, values)})`, range);
  return found.map(({ labels }) => labels[label]).join('|');
}

/** Replaces `$name` and `${name}`. Throws for a variable that is not there. */
export function interpolate(text: string, variables: Variables): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (written, braced?: string, plain?: string) => {
    const value = variables[(braced ?? plain)!];
    if (value === undefined) throw new Error(`No value for ${written} in: ${text}`);
    return value;
  });
}

export async function readPanel(
  prometheus: Prometheus,
  panel: dashboard.Panel,
  range: TimeRange,
  variables: Variables,
): Promise<PanelData> {
  const found: NamedSeries[] = [];
  const exemplars = new Map<string, Exemplar>();
  const empty: string[] = [];
  const errors: string[] = [];
  let slowestMs = 0;
  for (const target of targetsOf(panel)) {
    const refId = target.refId ?? '';
    const expr = interpolate(target.expr ?? '', variables);
    const before = performance.now();
    try {
      const series = target.instant ? await prometheus.instant(expr, range.to) : await prometheus.range(expr, range);
      if (!series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)))) empty.push(expr);
      // The quantiles of one histogram have the same exemplars.
      if (target.exemplar) {
        for (const one of await prometheus.exemplars(expr, range)) exemplars.set(`${one.traceId} ${one.time}`, one);
      }
      for (const one of series) found.push({ ...one, refId, name: legendOf(target.legendFormat ?? '', one) });
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
    slowestMs = Math.max(slowestMs, performance.now() - before);
  }
  return { panel, series: found, exemplars: [...exemplars.values()], empty, errors, slowestMs };
}

function legendOf(format: string, { labels }: Series): string {
  return format.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
}
