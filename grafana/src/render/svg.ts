/** Owns the elements of a picture: text that cannot break out of it, axes that end on round numbers, colours. */

export const TEXT = '#ccccdc';
export const FAINT = '#8e8e99';
export const GRID = '#2c3235';
export const PANEL = '#181b1f';
export const CHARACTER = 6.6;

/** Grafana's names of the colours that the dashboards use. */
const NAMED: { readonly [name: string]: string } = {
  green: '#73bf69',
  orange: '#ff9830',
  red: '#f2495c',
  blue: '#5794f2',
  purple: '#b877d9',
  yellow: '#fade2a',
};

const PALETTE = [
  ...['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#5794f2', '#b877d9', '#705da0', '#37872d', '#fade2a'],
  ...['#447ebc', '#c15c17', '#890f02', '#0a437c', '#6d1f62', '#584477', '#b7dbab', '#f4d598', '#70dbed', '#f9ba8f'],
];

export function colourNamed(name: string): string {
  return NAMED[name] ?? name;
}

export function paletteColour(index: number): string {
  return PALETTE[index % PALETTE.length]!;
}

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"\p{Cc}]/gu, character => `&#${character.codePointAt(0)};`);
}

export interface TextStyle {
  readonly size?: number;
  readonly colour?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
  /** Longest width in pixels; what is beyond it is cut off. */
  readonly width?: number;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 11, colour = TEXT, anchor = 'start', bold = false, width } = style;
  const most =
    width === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((width / CHARACTER / size) * 11));
  const short = content.length > most ? `${content.slice(0, most - 1)}…` : content;
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${colour}" text-anchor="${anchor}"${weight}>${escaped(short)}</text>`;
}

export function rectangle(x: number, y: number, width: number, height: number, fill: string, opacity = 1): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" height="${round(Math.max(0, height))}" fill="${fill}" fill-opacity="${opacity}"/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string, dashes = ''): string {
  const dashed = dashes ? ` stroke-dasharray="${dashes}"` : '';
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}"${dashed}/>`;
}

/** A path through points; `undefined` lifts the pen. */
export function path(points: readonly (readonly [number, number] | undefined)[]): string {
  let drawing = false;
  let written = '';
  for (const point of points) {
    if (point) written += `${drawing ? 'L' : 'M'}${round(point[0])},${round(point[1])}`;
    drawing = point !== undefined;
  }
  return written;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** At most `count` round numbers from 0 or `low` to what is above `high`. Binary steps for octets. */
export function ticks(low: number, high: number, count: number, binary: boolean): number[] {
  const span = high - low || Math.abs(high) || 1;
  const base = binary ? 2 : 10;
  const rough = span / count;
  const power = base ** Math.floor(Math.log(rough) / Math.log(base));
  const factors = binary ? [1, 2] : [1, 2, 5, 10];
  const step = power * (factors.find(factor => power * factor >= rough * 0.999) ?? base);
  const first = Math.floor(low / step) * step;
  const found: number[] = [];
  for (let value = first; value < high + step * 0.999; value += step) found.push(value);
  return found;
}
