/** Owns the promises of the committed dashboards that need neither Grafana nor Prometheus to be checked. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { OF_THE_PROCESS } from '../../grafana/src/external.js';
import { generate, stale } from '../../grafana/src/generate.js';
import { faultsOf, seriesIn } from '../../grafana/src/lint.js';
import { panelsOf, targetsOf } from '../../grafana/src/render/data.js';
import { loadDashboards } from '../../grafana/src/render/main.js';
import { UNITS } from '../../grafana/src/render/units.js';
import { Runtime } from '../../src/observers/metrics/runtime.js';
import { METRICS } from '../../src/observers/metrics/table.js';

const DASHBOARDS = loadDashboards();
const COLUMNS = 24;
/** What Grafana itself fills in: Grafana documentation, "Global variables" and "Data link variables". */
const BUILT_IN = /^__(?:all|rate_interval|range|from|to|url_time_range|field\.labels\.\w+|data\.fields\.\w+)$/;

/** Runs for every dashboard, so that a failure names it. */
function each(behaviour: string, check: (board: dashboard.Dashboard) => void): void {
  for (const board of DASHBOARDS) test(`${board.uid}: ${behaviour}`, () => check(board));
}

test('the committed dashboards are what the code generates', () => {
  assert.deepEqual(stale(generate()), []);
});

test('six dashboards have addresses and titles of their own', () => {
  assert.equal(DASHBOARDS.length, 6);
  assert.equal(new Set(DASHBOARDS.map(({ uid }) => uid)).size, 6);
  assert.equal(new Set(DASHBOARDS.map(({ title }) => title)).size, 6);
});

each('every panel has an id of its own', ({ panels = [] }) => {
  const ids = panels.map(({ id }) => id);
  assert.ok(ids.every(id => Number.isInteger(id)));
  assert.equal(new Set(ids).size, ids.length);
});

each('every title is there once', board => {
  const titles = panelsOf(board).map(({ title }) => title);
  assert.deepEqual(
    titles.filter((title, index) => !title || titles.indexOf(title) !== index),
    [],
  );
});

each('panels lie within the grid and on nothing else', ({ panels = [] }) => {
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    const { x, y, w, h } = gridPos!;
    assert.ok(x >= 0 && x + w <= COLUMNS && w > 0 && h > 0, `${title} is outside of the grid`);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        const place = `${column},${row}`;
        assert.equal(taken.get(place), undefined, `${title} lies upon ${taken.get(place)}`);
        taken.set(place, title!);
      }
    }
  }
});

each('every data source is a variable of its kind', board => {
  const sources = new Map<string, string>();
  for (const { type, name, query } of board.templating.list ?? []) {
    if (type === 'datasource') sources.set(`\${${name}}`, String(query));
  }
  const used = found(board, 'datasource').filter(value => typeof value === 'object') as { type: string; uid: string }[];
  assert.ok(used.length > panelsOf(board).length, 'panels and their queries name one');
  for (const { type, uid } of used) assert.equal(sources.get(uid), type, uid);
});

each('every variable that is used is defined, and every defined one is used', board => {
  const defined = (board.templating.list ?? []).map(({ name }) => name);
  const used = new Set<string>();
  for (const [, braced, plain] of decoded(JSON.stringify(board)).matchAll(/\$(?:\{([\w.]+)(?::\w+)?\}|(\w+))/g)) {
    used.add((braced ?? plain)!);
  }
  const unknown = [...used].filter(name => !defined.includes(name) && !BUILT_IN.test(name));
  assert.deepEqual(unknown, [], 'not defined');
  assert.deepEqual(
    defined.filter(name => !used.has(name)),
    [],
    'not used',
  );
});

each('every unit is one that Grafana knows', board => {
  const known = new Set(Object.values(units));
  const used = [...found(board, 'unit'), ...overridden(board, 'unit')] as string[];
  assert.ok(used.length > 0);
  assert.deepEqual(
    used.filter(unit => !known.has(unit as never)),
    [],
  );
});

each('every panel has a unit that the pictures can write', board => {
  const used = panelsOf(board).map(({ fieldConfig }) => fieldConfig?.defaults.unit ?? 'nothing');
  assert.deepEqual(
    [...used, ...(overridden(board, 'unit') as string[])].filter(unit => !UNITS[unit]),
    [],
  );
});

each('every panel tells what it shows and what a bad value means', board => {
  for (const { title, description = '' } of panelsOf(board)) {
    const [shows, bad] = description.split('\n\n**Bad:** ');
    assert.ok(shows && shows.length > 15 && bad && bad.length > 10, `${title}: ${description}`);
    assert.match(bad, /\.$/, title!);
  }
});

each('every panel has thresholds, and values that nobody judges are not coloured by them', board => {
  for (const { title, type, fieldConfig } of panelsOf(board)) {
    const { thresholds, color } = fieldConfig!.defaults;
    const steps = thresholds?.steps ?? [];
    assert.equal(steps[0]?.value, null, title!);
    const values = steps.slice(1).map(({ value }) => value!);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      title!,
    );
    if (type === 'stat' && values.length === 0) assert.equal(color?.mode, 'fixed', title!);
  }
});

each('every query names its lines', board => {
  for (const panel of panelsOf(board)) {
    for (const { legendFormat } of targetsOf(panel)) assert.ok(legendFormat, panel.title);
  }
});

each('every query is well-formed and names only what there is', board => {
  const faults = panelsOf(board).flatMap(panel =>
    targetsOf(panel).flatMap(({ expr = '' }) => faultsOf(expr).map(fault => `${panel.title}: ${fault}: ${expr}`)),
  );
  assert.deepEqual(faults, []);
});

each('rates are taken over a window that fits the scrape interval', board => {
  for (const panel of panelsOf(board)) {
    for (const { expr = '' } of targetsOf(panel)) {
      for (const [window] of expr.matchAll(/\[[^\]]*\]/g)) {
        assert.match(window, /^\[\$__(?:rate_interval|range)\]$/, `${panel.title}: ${expr}`);
      }
    }
  }
});

each('a line of a query has a label for each of its names', board => {
  for (const panel of panelsOf(board)) {
    for (const { expr = '', legendFormat = '' } of targetsOf(panel)) {
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        if (/^(?:sum|max|histogram_quantile|topk)\b/.test(expr)) {
          assert.match(expr, new RegExp(`by \\([^)]*\\b${label}\\b`), `${panel.title}: ${label} is summed away`);
        }
      }
    }
  }
});

test('latencies show the traces that they are made of, where the histogram has exemplars', () => {
  const drawn = DASHBOARDS.flatMap(panelsOf).filter(({ type }) => type === 'timeseries' || type === 'heatmap');
  const targets = drawn.flatMap(panel => targetsOf(panel).map(target => ({ title: panel.title, ...target })));
  const has = /(?:rpc_server_call_duration_seconds|traces_span_metrics_duration_milliseconds)_bucket/;
  for (const { title, expr = '', exemplar } of targets) assert.equal(exemplar ?? false, has.test(expr), title);
  assert.ok(targets.filter(({ exemplar }) => exemplar).length > 6);
});

test('links to other dashboards lead to dashboards', () => {
  const uids = new Set(DASHBOARDS.map(({ uid }) => uid));
  const links = [...JSON.stringify(DASHBOARDS).matchAll(/"\/d\/([\w-]+)\?/g)].map(([, uid]) => uid);
  assert.ok(links.length > 5);
  for (const uid of links) assert.ok(uids.has(uid), uid);
});

test('links to traces are searches that Grafana can read', () => {
  const links = [...JSON.stringify(DASHBOARDS).matchAll(/panes=([^"]+)"/g)].map(([, panes]) => panes!);
  assert.ok(links.length > 10);
  for (const link of links) {
    const panes = JSON.parse(decodeURIComponent(link)) as {
      traces: { datasource: string; queries: { queryType: string }[] };
    };
    assert.equal(panes.traces.datasource, '${jaeger}');
    assert.equal(panes.traces.queries[0]!.queryType, 'search');
  }
});

test('every metric of the router is on a dashboard, or has a reason not to be', () => {
  const shown = new Set(
    DASHBOARDS.flatMap(panelsOf)
      .flatMap(targetsOf)
      .flatMap(({ expr = '' }) => seriesIn(expr)),
  );
  const names = [...shown].map(name => name.replace(/_(?:bucket|sum|count)$/, ''));
  const hidden = Object.values(METRICS).filter(({ name }) => !shown.has(name) && !names.includes(name));
  assert.deepEqual(hidden.map(({ name }) => name).sort(), Object.keys(NOT_SHOWN).sort());
});

/** Why a metric is on no dashboard. */
const NOT_SHOWN: { readonly [metric: string]: string } = {};

test('the metrics of the process are those that the router has', async () => {
  const names = await Promise.all(new Runtime().metrics.map(async metric => (await metric.get()).name));
  assert.deepEqual(
    OF_THE_PROCESS.filter(name => !names.includes(name)),
    [],
  );
});

/** All values of a key, however deep. */
function found(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [...(name === key ? [inner] : []), ...found(inner, key)]);
}

function overridden(board: dashboard.Dashboard, property: string): unknown[] {
  return panelsOf(board)
    .flatMap(({ fieldConfig }) => fieldConfig?.overrides ?? [])
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id === property)
    .map(({ value }) => value);
}

function decoded(text: string): string {
  return text.replaceAll(/panes=([^"\\]+)/g, (_, panes: string) => decodeURIComponent(panes));
}
