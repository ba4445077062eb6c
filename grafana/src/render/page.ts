/** Owns the picture of a whole dashboard: its panels in the grid, as one SVG and as a page. */

import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelData } from './data.js';
import { drawBars, drawStat, drawTable } from './figures.js';
import { type Box, drawHeatmap, drawLines } from './lines.js';
import type { TimeRange } from './prometheus.js';
import { escaped, FAINT, PANEL, rectangle, text } from './svg.js';

const COLUMN = 62;
const LINE = 36;
const GAP = 8;
const HEAD = 44;
const FONT = 'font-family="DejaVu Sans, Inter, Arial, sans-serif"';

/** One panel, without the `<svg>` around it. */
export function drawPanel(data: PanelData, box: Box, range: TimeRange): string {
  const { panel, series, errors } = data;
  const parts = [
    rectangle(0, 0, box.width, box.height, PANEL),
    text(10, 17, panel.title ?? '', { size: 12, bold: true, width: box.width - 20 }),
  ];
  if (errors.length) {
    parts.push(
      text(box.width / 2, box.height / 2, errors[0]!, { anchor: 'middle', colour: '#f2495c', width: box.width }),
    );
  } else if (series.length === 0) {
    const { noValue } = panel.fieldConfig?.defaults ?? {};
    parts.push(text(box.width / 2, box.height / 2 + 6, noValue ?? 'No data', { anchor: 'middle', colour: FAINT }));
  } else {
    parts.push(contentOf(data, box, range));
  }
  return parts.join('');
}

function contentOf(data: PanelData, box: Box, range: TimeRange): string {
  switch (data.panel.type) {
    case 'timeseries':
      return drawLines(data, box, range);
    case 'heatmap':
      return drawHeatmap(data, box, range);
    case 'stat':
      return drawStat(data, box);
    case 'bargauge':
      return drawBars(data, box);
    case 'table':
      return drawTable(data, box);
    default:
      throw new Error(`No picture of a panel of type ${data.panel.type}: ${data.panel.title}`);
  }
}

export function panelSvg(data: PanelData, range: TimeRange): string {
  const { width, height } = boxOf(data.panel);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${FONT}>${drawPanel(data, { width, height }, range)}</svg>\n`;
}

/** The dashboard as one picture, rows included. */
export function dashboardSvg(board: dashboard.Dashboard, panels: readonly PanelData[], range: TimeRange): string {
  const placed = (board.panels ?? []).map(panel => {
    const { x, y } = panel.gridPos!;
    if (panel.type === 'row')
      return text(x * COLUMN + GAP, HEAD + y * LINE + 24, panel.title ?? '', { size: 14, bold: true });
    const data = panels.find(one => one.panel.id === panel.id)!;
    return `<g transform="translate(${x * COLUMN + GAP},${HEAD + y * LINE})">${drawPanel(data, boxOf(data.panel), range)}</g>`;
  });
  const width = 24 * COLUMN + 2 * GAP;
  const height = HEAD + Math.max(...(board.panels ?? []).map(({ gridPos }) => gridPos!.y + gridPos!.h)) * LINE + GAP;
  const head = text(GAP, 28, board.title ?? '', { size: 18, bold: true });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${FONT}>${rectangle(0, 0, width, height, '#111217')}${head}${placed.join('')}</svg>\n`;
}

/** The same as a page on which each panel tells its description and its queries. */
export function dashboardPage(board: dashboard.Dashboard, panels: readonly PanelData[], range: TimeRange): string {
  const cells = (board.panels ?? []).map(panel => {
    const { x, y, w, h } = panel.gridPos!;
    const place = `grid-column:${x + 1}/span ${w};grid-row:${y + 1}/span ${h}`;
    if (panel.type === 'row') return `<h2 style="${place}">${escaped(panel.title ?? '')}</h2>`;
    const data = panels.find(one => one.panel.id === panel.id)!;
    const queries = (data.panel.targets ?? []).map(
      target => `<code>${escaped((target as { expr?: string }).expr ?? '')}</code>`,
    );
    const told = `<p>${escaped(data.panel.description ?? '')}</p>${queries.join('')}`;
    return `<figure style="${place}">${panelSvg(data, range)}<details><summary>?</summary>${told}</details></figure>`;
  });
  return `<!doctype html>
<meta charset="utf-8">
<title>${escaped(board.title ?? '')}</title>
<style>
body { background: #111217; color: #ccccdc; font: 14px sans-serif; width: ${24 * COLUMN}px; margin: 16px auto }
main { display: grid; grid-template-columns: repeat(24, ${COLUMN}px); grid-auto-rows: ${LINE}px }
h2 { margin: 6px 0; font-size: 15px }
figure { margin: 0; position: relative }
details { position: absolute; top: 4px; right: 14px; max-width: 90% }
details[open] { background: #22252b; padding: 8px; z-index: 1; right: 8px }
code { display: block; font-size: 11px; margin-top: 6px }
</style>
<h1>${escaped(board.title ?? '')}</h1>
<p>${escaped(board.description ?? '')}</p>
<main>
${cells.join('\n')}
</main>
`;
}

function boxOf({ gridPos }: dashboard.Panel): Box {
  return { width: gridPos!.w * COLUMN - GAP, height: gridPos!.h * LINE - GAP };
}
