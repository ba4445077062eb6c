/** Owns the asking of every panel: the queries of dashboards, filled in as Grafana would, and which of them find nothing. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../compose/compose.js';
import type { Prometheus, Sample } from './prometheus.js';

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: unknown;
  readonly current?: { readonly value?: unknown };
  readonly includeAll?: boolean;
  readonly allValue?: string | null;
}

interface Panel {
  readonly title?: string;
  readonly targets?: readonly { readonly expr?: string }[];
  /** Of a row that is folded. */
  readonly panels?: readonly Panel[];
}

export interface Dashboard {
  readonly title: string;
  readonly templating?: { readonly list?: readonly Variable[] };
  readonly panels?: readonly Panel[];
}

export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  /** As Prometheus gets it. */
  readonly expression: string;
}

export interface Answer extends PanelQuery {
  /** Why Prometheus refuses it, '' when it does not. */
  readonly error: string;
  readonly samples: readonly Sample[];
}

/** Those of grafana/dashboards. */
export function readDashboards(): Dashboard[] {
  const folder = join(ROOT, 'grafana/dashboards');
  const files = readdirSync(folder).filter(file => file.endsWith('.json'));
  return files.map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard);
}

/** Asks Prometheus for each query of each panel. */
export async function everyPanel(dashboards: readonly Dashboard[], prometheus: Prometheus): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const query of dashboards.flatMap(queriesOf)) {
    try {
      answers.push({ ...query, error: '', samples: await prometheus.query(query.expression) });
    } catch (error) {
      answers.push({ ...query, error: String(error), samples: [] });
    }
  }
  return answers;
}

/** One line for each panel that Prometheus refuses or has nothing for: not a number is nothing. */
export function withoutData(answers: readonly Answer[]): string[] {
  return answers
    .filter(({ samples }) => !samples.some(({ value }) => !Number.isNaN(value)))
    .map(({ dashboard, panel, expression, error }) => `${dashboard} / ${panel}: ${error || 'no data'}: ${expression}`);
}

export function queriesOf({ title, templating, panels = [] }: Dashboard): PanelQuery[] {
  const values = new Map((templating?.list ?? []).map(variable => [variable.name, initialValue(variable)]));
  const flat = panels.flatMap(panel => [panel, ...(panel.panels ?? [])]);
  return flat.flatMap(({ title: panel = '', targets = [] }) =>
    targets
      .filter(({ expr }) => expr !== undefined && expr !== '')
      .map(({ expr }) => ({ dashboard: title, panel, expression: fill(expr!, values) })),
  );
}

/** Grafana documentation, "Global variables", with a range of ten minutes and the scrape interval of the stack. */
const GLOBAL: ReadonlyMap<string, string> = new Map([
  ['__rate_interval', '30s'],
  ['__interval', '15s'],
  ['__interval_ms', '15000'],
  ['__range', '10m'],
  ['__range_s', '600'],
  ['__range_ms', '600000'],
]);

const REFERENCE = /\$(?:\{(\w+)(?::\w+)?\}|(\w+)|\[\[(\w+)\]\])/g;

function fill(expression: string, values: ReadonlyMap<string, string>): string {
  return expression.replaceAll(REFERENCE, (reference, braced?: string, bare?: string) => {
    const name = braced ?? bare!;
    const value = values.get(name) ?? GLOBAL.get(name);
    if (value === undefined) throw new Error(`${reference} in "${expression}" is no variable of the dashboard`);
    return value;
  });
}

/** What a dashboard has when it is opened: all, or the first of those there are. */
function initialValue({ type, query, current, includeAll, allValue }: Variable): string {
  const value = Array.isArray(current?.value) ? current.value[0] : current?.value;
  if (includeAll && (value === undefined || value === '$__all')) return allValue || '.*';
  if (value !== undefined && value !== '') return String(value);
  if (['custom', 'interval', 'constant', 'textbox'].includes(type))
    return String(query ?? '')
      .split(',')[0]!
      .trim();
  return '.*';
}
