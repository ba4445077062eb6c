/** Owns pictures of time: lines, stacked areas, heat maps. */

import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { NamedSeries, PanelData } from './data.js';
import type { TimeRange } from './prometheus.js';
import {
  CHARACTER,
  colourNamed,
  FAINT,
  GRID,
  line,
  paletteColour,
  path,
  rectangle,
  round,
  text,
  ticks,
} from './svg.js';
import { written } from './units.js';

export interface Box {
  readonly width: number;
  readonly height: number;
}

interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const LEGEND_LINE = 15;
const MOST_LEGENDS = 4;

export function drawLines({ panel, series, exemplars }: PanelData, box: Box, range: TimeRange): string {
  const custom = (panel.fieldConfig?.defaults.custom ?? {}) as {
    stacking?: { mode?: string };
    thresholdsStyle?: { mode?: string };
    scaleDistribution?: { type?: string };
  };
  const unit = panel.fieldConfig?.defaults.unit ?? 'none';
  const drawn = custom.stacking?.mode === 'normal' ? stack(series) : series;
  const values = drawn.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const logarithmic = custom.scaleDistribution?.type === 'log';
  const high = Math.max(...values, 0) || 1;
  const low = logarithmic ? Math.min(...values.filter(value => value > 0), high / 10) : 0;
  const binary = unit === 'bytes' || unit === 'binBps';
  const marks = logarithmic ? powers(low, high, binary ? 16 : 10) : ticks(0, high, 4, binary);
  const legends = Math.min(drawn.length, MOST_LEGENDS);
  const labelWidth = Math.max(...marks.map(mark => written(mark, unit).length)) * CHARACTER + 10;
  const plot = plotIn(box, labelWidth, legends * LEGEND_LINE + 8);
  const top = marks.at(-1)!;
  const bottom = marks[0]!;
  const scale = logarithmic ? Math.log10 : (value: number): number => value;
  const y = (value: number): number =>
    plot.top + plot.height * (1 - (scale(Math.max(value, bottom)) - scale(bottom)) / (scale(top) - scale(bottom) || 1));
  const x = (time: number): number => plot.left + (plot.width * (time - range.from)) / (range.to - range.from);

  const parts = [timeAxis(plot, range, x)];
  for (const mark of marks) {
    parts.push(line(plot.left, y(mark), plot.left + plot.width, y(mark), GRID));
    parts.push(text(plot.left - 6, y(mark) + 4, written(mark, unit), { anchor: 'end', colour: FAINT, size: 10 }));
  }
  if (custom.thresholdsStyle?.mode === 'dashed') {
    for (const { value, color } of panel.fieldConfig?.defaults.thresholds?.steps ?? []) {
      if (value === null || value > top || value < bottom) continue;
      parts.push(line(plot.left, y(value), plot.left + plot.width, y(value), colourNamed(color), '6 4'));
    }
  }
  const stacked = drawn !== series;
  for (const { time, value } of exemplars) {
    if (value <= top && value >= bottom) parts.push(diamond(x(time), y(value)));
  }
  // The last of a stack is drawn first: it reaches highest, and the others are laid over it.
  for (const [index, one] of [...drawn.entries()].reverse()) {
    const colour = colourOf(panel, one, index);
    const points = withGaps(one, range).map(point => point && ([x(point[0]), y(point[1])] as const));
    if (stacked)
      parts.push(`<path d="${areaOf(points, plot.top + plot.height)}" fill="${colour}" fill-opacity="0.55"/>`);
    parts.push(`<path d="${path(points)}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
  }
  parts.push(legend(panel, series, unit, { x: 10, y: box.height - legends * LEGEND_LINE + 4, width: box.width - 20 }));
  return parts.join('');
}

function diamond(x: number, y: number): string {
  const [left, top] = [round(x), round(y)];
  return `<path d="M${left - 3},${top}L${left},${top - 3}L${left + 3},${top}L${left},${top + 3}Z" fill="#ff00ff" fill-opacity="0.6"/>`;
}

/** Where the step is missed, the line breaks: that nothing was scraped is something to see. */
function withGaps({ points }: NamedSeries, { step }: TimeRange): (readonly [number, number] | undefined)[] {
  const found: (readonly [number, number] | undefined)[] = [];
  let last: number | undefined;
  for (const point of points) {
    if (last !== undefined && point[0] - last > step * 1.5) found.push(undefined);
    found.push(Number.isFinite(point[1]) ? point : undefined);
    last = point[0];
  }
  return found;
}

function areaOf(points: readonly (readonly [number, number] | undefined)[], ground: number): string {
  const present = points.filter(point => point !== undefined);
  if (present.length === 0) return '';
  return `${path(present)}L${round(present.at(-1)![0])},${round(ground)}L${round(present[0]![0])},${round(ground)}Z`;
}

function stack(series: readonly NamedSeries[]): NamedSeries[] {
  const below = new Map<number, number>();
  return series.map(one => {
    const points = one.points.map(([time, value]) => {
      const sum = (below.get(time) ?? 0) + (Number.isFinite(value) ? value : 0);
      below.set(time, sum);
      return [time, sum] as const;
    });
    return { ...one, points };
  });
}

function powers(low: number, high: number, base: number): number[] {
  const found: number[] = [];
  const exponent = (value: number): number => Math.log(value) / Math.log(base);
  for (let power = Math.floor(exponent(low)); power <= Math.ceil(exponent(high)); power++) found.push(base ** power);
  return found.length > 1 ? found : [found[0]! / base, found[0]!];
}

function plotIn({ width, height }: Box, left: number, below: number): Plot {
  return { left, top: 30, width: width - left - 14, height: Math.max(20, height - 30 - 20 - below) };
}

function timeAxis(plot: Plot, { from, to }: TimeRange, x: (time: number) => number): string {
  const parts: string[] = [];
  const count = Math.max(2, Math.min(6, Math.floor(plot.width / 90)));
  for (let index = 0; index <= count; index++) {
    const time = from + ((to - from) * index) / count;
    const label = new Date(time * 1000).toISOString().slice(11, to - from < 600 ? 19 : 16);
    const anchor = index === 0 ? 'start' : index === count ? 'end' : 'middle';
    parts.push(text(x(time), plot.top + plot.height + 14, label, { colour: FAINT, size: 10, anchor }));
  }
  return parts.join('');
}

function colourOf(panel: dashboard.Panel, series: NamedSeries, index: number): string {
  const override = panel.fieldConfig?.overrides.find(
    ({ matcher }) => matcher.id === 'byFrameRefID' && matcher.options === series.refId,
  );
  const fixed = override?.properties.find(({ id }) => id === 'color')?.value as { fixedColor?: string } | undefined;
  const scheme = panel.fieldConfig?.defaults.color;
  if (fixed?.fixedColor) return colourNamed(fixed.fixedColor);
  return scheme?.mode === 'fixed' ? colourNamed(scheme.fixedColor ?? 'blue') : paletteColour(index);
}

function legend(
  panel: dashboard.Panel,
  series: readonly NamedSeries[],
  unit: string,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
): string {
  const rows = series
    .map((one, index) => {
      const values = one.points.map(([, value]) => value).filter(Number.isFinite);
      return { one, colour: colourOf(panel, one, index), last: values.at(-1) ?? Number.NaN, most: Math.max(...values) };
    })
    .sort((a, b) => (b.last || 0) - (a.last || 0));
  const shown = rows.length > MOST_LEGENDS ? rows.slice(0, MOST_LEGENDS - 1) : rows;
  const parts = shown.map(({ one, colour, last, most }, index) => {
    const base = y + index * LEGEND_LINE;
    return [
      rectangle(x, base - 5, 10, 3, colour),
      text(x + 15, base, one.name, { size: 10, width: width - 165 }),
      text(x + width - 75, base, written(last, unit), { size: 10, anchor: 'end' }),
      text(x + width, base, written(most, unit), { size: 10, anchor: 'end', colour: FAINT }),
    ].join('');
  });
  if (shown.length < rows.length) {
    const rest = `and ${rows.length - shown.length} more`;
    parts.push(text(x + 15, y + shown.length * LEGEND_LINE, rest, { size: 10, colour: FAINT }));
  }
  return parts.join('');
}

export function drawHeatmap({ panel, series }: PanelData, box: Box, range: TimeRange): string {
  const unit = panel.fieldConfig?.defaults.unit ?? 'none';
  const buckets = [...series]
    .map(one => ({ bound: Number(one.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : one.labels.le), one }))
    .sort((a, b) => a.bound - b.bound);
  // Prometheus' buckets are cumulative; what a cell shows is what came between two bounds.
  const cells = buckets.map(({ bound, one }, row) => {
    const under = new Map(buckets[row - 1]?.one.points ?? []);
    return {
      bound,
      points: one.points.map(([time, value]) => [time, Math.max(0, value - (under.get(time) ?? 0))] as const),
    };
  });
  const most = Math.max(...cells.flatMap(({ points }) => points.map(([, value]) => value)), 1e-9);
  const plot = plotIn(box, 60, 4);
  const rowHeight = plot.height / Math.max(1, cells.length);
  const x = (time: number): number => plot.left + (plot.width * (time - range.from)) / (range.to - range.from);
  const cellWidth = Math.max(1, (plot.width * range.step) / (range.to - range.from));
  const parts = [timeAxis(plot, range, x)];
  const labelEvery = Math.ceil(12 / rowHeight);
  for (const [row, { bound, points }] of cells.entries()) {
    const top = plot.top + plot.height - (row + 1) * rowHeight;
    if (row % labelEvery === 0) {
      const label = Number.isFinite(bound) ? written(bound, unit) : '∞';
      parts.push(text(plot.left - 6, top + 4, label, { anchor: 'end', colour: FAINT, size: 10 }));
    }
    for (const [time, value] of points) {
      if (value <= 1e-9) continue;
      const left = Math.max(plot.left, x(time) - cellWidth);
      parts.push(rectangle(left, top, x(time) - left + 0.3, rowHeight - 0.5, heat(Math.sqrt(value / most))));
    }
  }
  return parts.join('');
}

function heat(share: number): string {
  return `hsl(${Math.round(260 - 260 * share)} 80% ${Math.round(35 + 25 * share)}%)`;
}
