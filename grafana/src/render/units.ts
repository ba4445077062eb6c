/** Owns how a number is written in the units that the dashboards use; as Grafana does it, as far as a picture needs. */

const SI = ['', ' K', ' Mil', ' Bil', ' Tri'];
const SI_SHORT = ['', ' k', ' M', ' G', ' T'];
const IEC = [' B', ' KiB', ' MiB', ' GiB', ' TiB'];

const RATES: { readonly [unit: string]: string } = {
  mps: 'msg/s',
  eps: 'events/s',
  reqps: 'req/s',
  ops: 'ops/s',
  cps: 'c/s',
};

export type Writer = (value: number) => string;

/** By Grafana's id of the unit. A unit that is not here is not known to the pictures, and a test says so. */
export const UNITS: { readonly [id: string]: Writer } = {
  none: value => digits(value),
  short: value => scaled(value, 1000, SI),
  s: seconds,
  ms: value => seconds(value / 1000),
  bytes: value => scaled(value, 1024, IEC),
  binBps: value => `${scaled(value, 1024, IEC)}/s`,
  percentunit: value => `${digits(value * 100)}%`,
  dtdurations: duration,
  ...Object.fromEntries(
    Object.entries(RATES).map(([id, name]) => [id, (value: number) => `${scaled(value, 1000, SI_SHORT)} ${name}`]),
  ),
};

export function written(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  return (UNITS[unit] ?? digits)(value);
}

function digits(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return String(Number(size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toPrecision(3)));
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let power = 0;
  let rest = value;
  while (Math.abs(rest) >= base && power < names.length - 1) {
    rest /= base;
    power++;
  }
  return `${digits(rest)}${names[power]}`;
}

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${digits(value * 1e6)} µs`;
  if (size < 1) return `${digits(value * 1e3)} ms`;
  if (size < 120) return `${digits(value)} s`;
  return duration(value);
}

function duration(value: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  for (const [index, [size, name]] of parts.entries()) {
    if (value < size && name !== 's') continue;
    const next = parts[index + 1];
    const rest = next ? Math.floor((value % size) / next[0]) : 0;
    return `${Math.floor(value / size)} ${name}${rest ? ` ${rest} ${next![1]}` : ''}`;
  }
  return '0 s';
}
