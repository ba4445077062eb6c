/** Owns pictures of single values: big figures, bars, tables. */

import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { NamedSeries, PanelData } from './data.js';
import type { Box } from './lines.js';
import { colourNamed, FAINT, GRID, line, path, rectangle, TEXT, text } from './svg.js';
import { written } from './units.js';

const ROW_HEIGHT = 20;

export function drawStat({ panel, series }: PanelData, { width, height }: Box): string {
  const unit = panel.fieldConfig?.defaults.unit ?? 'none';
  const options = panel.options as { colorMode?: string };
  const parts: string[] = [];
  const share = (width - 8) / Math.max(1, series.length);
  for (const [index, one] of series.entries()) {
    const last = lastOf(one);
    const colour = colourAt(panel, last);
    const left = 4 + index * share;
    if (options.colorMode === 'background') parts.push(rectangle(left, 24, share - 4, height - 28, colour, 0.55));
    parts.push(sparkline(one, { x: left, y: height - 26, width: share - 4, height: 20 }, colour));
    const figure = written(last, unit);
    const size = Math.min(22, Math.floor(((share - 10) / figure.length) * 1.45));
    const value = { size, anchor: 'middle', bold: true } as const;
    const ink = options.colorMode === 'background' ? TEXT : colour;
    parts.push(text(left + share / 2, height / 2 + 14, figure, { ...value, colour: ink }));
    if (series.length > 1) parts.push(text(left + 6, 36, one.name, { size: 10, width: share - 8 }));
  }
  return parts.join('');
}

export function drawBars({ panel, series }: PanelData, { width, height }: Box): string {
  const unit = panel.fieldConfig?.defaults.unit ?? 'none';
  const most = Math.max(...series.map(lastOf), 1e-9);
  const rowHeight = Math.min(24, (height - 36) / Math.max(1, series.length));
  const label = width * 0.35;
  return [...series]
    .sort((a, b) => lastOf(b) - lastOf(a))
    .map((one, index) => {
      const y = 32 + index * rowHeight;
      const value = lastOf(one);
      return [
        text(label, y + rowHeight * 0.7, one.name, { anchor: 'end', size: 10, width: label - 10 }),
        rectangle(label + 8, y + 2, (width - label - 90) * (value / most), rowHeight - 4, colourAt(panel, value), 0.8),
        text(width - 10, y + rowHeight * 0.7, written(value, unit), { anchor: 'end', size: 10 }),
      ].join('');
    })
    .join('');
}

interface Column {
  readonly title: string;
  readonly unit: string;
  readonly numeric: boolean;
  read(row: Row): string | number | undefined;
  readonly steps: readonly dashboard.Threshold[] | undefined;
}

interface Row {
  readonly labels: { readonly [label: string]: string };
  readonly values: Map<string, number>;
}

export function drawTable({ panel, series }: PanelData, { width, height }: Box): string {
  const rows = merged(series);
  const columns = columnsOf(panel);
  const first = columns.find(({ numeric }) => numeric);
  if (first) rows.sort((a, b) => Number(first.read(b) ?? -1) - Number(first.read(a) ?? -1));
  // Words need twice the room of numbers.
  const shares = columns.map(({ numeric }) => (numeric ? 1 : 2));
  const unitWidth = (width - 20) / (shares.reduce((sum, share) => sum + share, 0) || 1);
  const parts: string[] = [];
  const most = Math.floor((height - 50) / ROW_HEIGHT);
  let left = 10;
  for (const [index, column] of columns.entries()) {
    const columnWidth = shares[index]! * unitWidth;
    const x = column.numeric ? left + columnWidth - 8 : left;
    const anchor = column.numeric ? 'end' : 'start';
    parts.push(text(x, 40, column.title, { colour: FAINT, size: 10, anchor, width: columnWidth - 6 }));
    for (const [row, one] of rows.slice(0, most).entries()) {
      const value = column.read(one);
      const content = typeof value === 'number' ? written(value, column.unit) : (value ?? '');
      const colour = typeof value === 'number' && column.steps ? colourIn(column.steps, value) : TEXT;
      parts.push(text(x, 60 + row * ROW_HEIGHT, content, { size: 10, anchor, colour, width: columnWidth - 6 }));
    }
    left += columnWidth;
  }
  parts.push(line(10, 45, width - 10, 45, GRID));
  return parts.join('');
}

/** As Grafana's transformation "merge": one row for each combination of labels, with the values of all queries. */
function merged(series: readonly NamedSeries[]): Row[] {
  const rows = new Map<string, Row>();
  for (const one of series) {
    const key = JSON.stringify(Object.entries(one.labels).sort());
    const row = rows.get(key) ?? { labels: one.labels, values: new Map() };
    row.values.set(one.refId, lastOf(one));
    rows.set(key, row);
  }
  return [...rows.values()];
}

function columnsOf(panel: dashboard.Panel): Column[] {
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options as
    | { renameByName: { [field: string]: string }; indexByName: { [field: string]: number } }
    | undefined;
  const names = Object.entries(organize?.renameByName ?? {}).sort(
    ([a], [b]) => (organize?.indexByName[a] ?? 0) - (organize?.indexByName[b] ?? 0),
  );
  return names.map(([field, title]) => {
    const refId = /^Value(?: #(\w+))?$/.exec(field);
    const property = (id: string): unknown =>
      panel.fieldConfig?.overrides
        .find(({ matcher }) => matcher.id === 'byName' && matcher.options === title)
        ?.properties.find(found => found.id === id)?.value;
    return {
      title,
      numeric: refId !== null,
      unit: (property('unit') as string | undefined) ?? panel.fieldConfig?.defaults.unit ?? 'none',
      steps: (property('thresholds') as dashboard.ThresholdsConfig | undefined)?.steps,
      read: ({ labels, values }) => (refId ? values.get(refId[1] ?? 'A') : labels[field]),
    };
  });
}

function sparkline(
  { points }: NamedSeries,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  colour: string,
): string {
  const present = points.filter(([, value]) => Number.isFinite(value));
  if (present.length < 2) return '';
  const values = present.map(([, value]) => value);
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const from = present[0]![0];
  const duration = present.at(-1)![0] - from || 1;
  const drawn = present.map(
    ([time, value]) =>
      [box.x + (box.width * (time - from)) / duration, box.y + box.height * (1 - (value - low) / span)] as const,
  );
  return `<path d="${path(drawn)}" fill="none" stroke="${colour}" stroke-opacity="0.9"/>`;
}

function lastOf({ points }: NamedSeries): number {
  return points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? Number.NaN;
}

function colourAt(panel: dashboard.Panel, value: number): string {
  const { color, thresholds } = panel.fieldConfig?.defaults ?? {};
  if (color?.mode === 'fixed') return colourNamed(color.fixedColor ?? 'blue');
  return colourIn(thresholds?.steps ?? [], value);
}

function colourIn(steps: readonly dashboard.Threshold[], value: number): string {
  const reached = steps.findLast(step => step.value === null || step.value <= value);
  return colourNamed(reached?.color ?? 'green');
}
