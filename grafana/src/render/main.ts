/** Owns `npm run dashboards:render`: the committed dashboards with the data of a Prometheus, as pictures. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { builtIn, type PanelData, panelsOf, readPanel, type Variables, variablesOf } from './data.js';
import { dashboardPage, dashboardSvg, panelSvg } from './page.js';
import { Prometheus, type TimeRange } from './prometheus.js';

/** This file runs compiled, in build/grafana/src/render. */
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

const USAGE = `Usage: npm run dashboards:render -- --prometheus URL [options]
  --out DIR       where the pictures go (build/dashboards)
  --minutes N     how far back they look (15)
  --step S        seconds between two points (a hundredth of that, at least the scrape interval)
  --scrape S      Prometheus' scrape interval in seconds (15)
  --only UID      this dashboard alone; may be repeated
  --var NAME=X    value of a variable, as a regular expression (without it: All); may be repeated
  --require-data  fail when a panel has no data`;

/** What a panel lacked. */
export interface Finding {
  readonly dashboard: string;
  readonly panel: string;
  readonly problem: string;
}

export function loadDashboards(folder = join(ROOT, 'grafana/dashboards')): dashboard.Dashboard[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .sort()
    .map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as dashboard.Dashboard);
}

/** Runs all queries of a dashboard and says which panels had none, part, or a refused one. */
export async function readDashboard(
  prometheus: Prometheus,
  board: dashboard.Dashboard,
  range: TimeRange,
  chosen: Variables,
): Promise<{ panels: PanelData[]; findings: Finding[] }> {
  const panels: PanelData[] = [];
  const variables = await variablesOf(prometheus, board, range, chosen);
  for (const panel of panelsOf(board)) panels.push(await readPanel(prometheus, panel, range, variables));
  const findings = panels.flatMap(({ panel, empty, errors }) =>
    [...errors, ...empty.map(expr => `no data: ${expr}`)].map(problem => ({
      dashboard: board.uid!,
      panel: panel.title!,
      problem,
    })),
  );
  return { panels, findings };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      prometheus: { type: 'string' },
      out: { type: 'string', default: join(ROOT, 'build/dashboards') },
      minutes: { type: 'string', default: '15' },
      step: { type: 'string' },
      scrape: { type: 'string', default: '15' },
      only: { type: 'string', multiple: true },
      var: { type: 'string', multiple: true, default: [] },
      'require-data': { type: 'boolean', default: false },
    },
  });
  if (values.prometheus === undefined) throw new Error(`--prometheus is missing\n${USAGE}`);
  const prometheus = new Prometheus(values.prometheus);
  const to = Math.floor(Date.now() / 1000);
  const minutes = positive('--minutes', values.minutes);
  const scrape = positive('--scrape', values.scrape);
  const step = values.step ? positive('--step', values.step) : Math.max(Math.ceil((minutes * 60) / 100), scrape);
  const range = { from: to - minutes * 60, to, step };
  if ((await prometheus.range('wampscope_build_info', range)).length === 0) {
    throw new Error(`${values.prometheus} has seen no router in the last ${minutes} minutes; does it scrape /metrics?`);
  }
  const variables = { ...builtIn(range, scrape), ...Object.fromEntries(values.var.map(pair)) };
  const wanted = loadDashboards().filter(({ uid }) => values.only?.includes(uid!) ?? true);
  if (wanted.length === 0) throw new Error(`No dashboard has the uid ${values.only?.join(', ')}`);
  const lacking: Finding[] = [];
  for (const board of wanted) {
    const { panels, findings } = await readDashboard(prometheus, board, range, variables);
    const folder = join(values.out, board.uid!);
    mkdirSync(folder, { recursive: true });
    for (const data of panels) writeFileSync(join(folder, `${data.panel.id}.svg`), panelSvg(data, range));
    writeFileSync(join(values.out, `${board.uid}.svg`), dashboardSvg(board, panels, range));
    writeFileSync(join(values.out, `${board.uid}.html`), dashboardPage(board, panels, range));
    lacking.push(...findings);
    const slowest = Math.round(Math.max(...panels.map(({ slowestMs }) => slowestMs)));
    console.log(`${board.uid}: ${panels.length} panels, slowest query ${slowest} ms`);
  }
  for (const { dashboard: uid, panel, problem } of lacking) console.log(`${uid}: ${panel}: ${problem}`);
  console.log(`Pictures are in ${values.out}`);
  if (values['require-data'] && lacking.length) process.exitCode = 1;
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new Error(`${option} is ${value}; write a number above 0`);
  return number;
}

function pair(text: string): [string, string] {
  const [name, ...value] = text.split('=');
  if (!name || value.length === 0) throw new Error(`--var is ${text}; write NAME=VALUE`);
  return [name, value.join('=')];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    const { message, cause } = error as Error;
    console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
    process.exitCode = 1;
  });
}
