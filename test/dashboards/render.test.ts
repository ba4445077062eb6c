/** Owns the pictures of panels: what they show of the data, and of its absence. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { buildPanel, type PanelSpec } from '../../grafana/src/panels.js';
import { builtIn, interpolate, type NamedSeries, type PanelData } from '../../grafana/src/render/data.js';
import { drawPanel } from '../../grafana/src/render/page.js';
import { Prometheus } from '../../grafana/src/render/prometheus.js';
import { written } from '../../grafana/src/render/units.js';

const RANGE = { from: 1000, to: 1100, step: 10 };
const BOX = { width: 480, height: 280 };
const SPEC: PanelSpec = {
  kind: 'timeseries',
  title: 'A <title>',
  shows: 'What it shows.',
  bad: 'what is bad.',
  unit: 's',
  width: 8,
  limits: 'none',
  targets: [{ expr: 'up', legend: '{{instance}}' }],
};

function picture(spec: Partial<PanelSpec>, series: readonly NamedSeries[], errors: readonly string[] = []): string {
  const panel: dashboard.Panel = buildPanel({ ...SPEC, ...spec }, 1);
  const data: PanelData = { panel, series, errors, exemplars: [], empty: [], slowestMs: 1 };
  return drawPanel(data, BOX, RANGE);
}

function line(name: string, points: readonly (readonly [number, number])[], refId = 'A'): NamedSeries {
  return { refId, name, labels: { instance: name }, points };
}

const countOf = (svg: string, what: RegExp): number => [...svg.matchAll(what)].length;

for (const [value, unit, text] of [
  [0.00025, 's', '250 µs'],
  [0.0983, 's', '98.3 ms'],
  [1.5, 's', '1.5 s'],
  [90_061, 'dtdurations', '1 d 1 h'],
  [133, 'dtdurations', '2 m 13 s'],
  [262_144, 'bytes', '256 KiB'],
  [1_572_864, 'binBps', '1.5 MiB/s'],
  [0.0427, 'percentunit', '4.27%'],
  [1270, 'mps', '1.27 k msg/s'],
  [0, 'reqps', '0 req/s'],
  [Number.NaN, 's', '–'],
] as const) {
  test(`${value} in ${unit} is ${text}`, () => assert.equal(written(value, unit), text));
}

test('what a client called itself cannot break out of the picture', () => {
  const svg = picture({}, [line('<script>"x"&\u0007', [[1000, 1]])]);
  assert.doesNotMatch(svg, /<script>/);
  assert.match(svg, /&#60;script&#62;&#34;x&#34;&#38;&#7;/);
});

test('a panel without data says so, in its own words when it has some', () => {
  assert.match(picture({}, []), />No data</);
  assert.match(picture({ noValue: 'no calls' }, []), />no calls</);
});

test('a refused query shows why', () => {
  assert.match(picture({}, [], ['parse error: unexpected end']), /parse error: unexpected end/);
});

test('a line is broken where scrapes are missing', () => {
  const whole = picture({}, [
    line('r1', [
      [1000, 1],
      [1010, 2],
      [1020, 3],
    ]),
  ]);
  const broken = picture({}, [
    line('r1', [
      [1000, 1],
      [1010, 2],
      [1050, 3],
      [1060, 3],
    ]),
  ]);
  const strokes = (svg: string): number => countOf(/<path d="([^"]*)" fill="none"/.exec(svg)![1]!, /M/g);
  assert.deepEqual([strokes(whole), strokes(broken)], [1, 2]);
});

test('stacked lines lie upon each other', () => {
  const lines = [
    line('a', [
      [1000, 2],
      [1010, 2],
    ]),
    line('b', [
      [1000, 3],
      [1010, 3],
    ]),
  ];
  assert.doesNotMatch(picture({}, lines), />6 s</);
  assert.match(picture({ stacked: true }, lines), />6 s</);
});

test('a table has one row for each combination of labels, with the values of all queries', () => {
  const targets = [
    { expr: 'up', legend: 'Up', unit: 'none' },
    { expr: 'up', legend: 'Late', unit: 's' },
  ];
  const rows = [line('r1', [[1100, 1]]), line('r2', [[1100, 0]]), line('r1', [[1100, 0.25]], 'B')];
  const svg = picture({ kind: 'table', unit: 'none', columns: { instance: 'Router' }, targets }, rows);
  for (const text of ['Router', 'Up', 'Late', '250 ms']) assert.match(svg, new RegExp(`>${text}<`));
  assert.equal(countOf(svg, />r1</g), 1);
  assert.equal(countOf(svg, />r2</g), 1);
});

test('a single value has the colour of its limit', () => {
  const spec = { kind: 'stat', limits: { warn: 0.5, bad: 1 } } as const;
  const colours = [0.1, 0.6, 2].map(
    value => /fill="(#\w+)" fill-opacity="0.55"/.exec(picture(spec, [line('x', [[1100, value]])]))![1],
  );
  assert.equal(new Set(colours).size, 3);
});

test('a cell of a heat map is what came between two bounds', () => {
  const bucket = (le: string, value: number): NamedSeries => ({ ...line(le, [[1050, value]]), labels: { le } });
  const svg = picture({ kind: 'heatmap' }, [bucket('0.1', 5), bucket('1', 5), bucket('+Inf', 9)]);
  assert.equal(countOf(svg, /hsl/g), 2);
});

test('a query is asked as Grafana would ask it', () => {
  const variables = { ...builtIn(RANGE, 15), realm: 'a|b' };
  assert.equal(interpolate('rate(x{realm=~"$realm"}[$__rate_interval])', variables), 'rate(x{realm=~"a|b"}[60s])');
  assert.equal(interpolate('increase(x[${__range}])', variables), 'increase(x[100s])');
  assert.throws(() => interpolate('x{y="$nobody"}', variables), /No value for \$nobody/);
});

test('what is no Prometheus is refused in words', async () => {
  assert.throws(() => new Prometheus('nowhere'), /The URL of Prometheus is nowhere/);
  const nobody = new Prometheus('http://127.0.0.1:1');
  await assert.rejects(nobody.instant('up', 0), /Prometheus at http:\/\/127\.0\.0\.1:1 cannot be asked/);
});
