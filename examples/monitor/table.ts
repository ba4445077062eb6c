/** Owns how the monitor's table looks. */

import { type Paint, printable } from '../../src/node/trace/terminal.js';
import type { Account } from './accounts.js';

/** Octets received and sent by the router, of sessions that `/sessionz` tells of. */
export type Directions = ReadonlyMap<number, { readonly received: number; readonly sent: number }>;

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  cell(account: Account, directions: Directions): string;
}

const COLUMNS: readonly Column[] = [
  { title: 'SESSION', isNumber: true, cell: ({ session }) => String(session) },
  { title: 'AUTHID', isNumber: false, cell: ({ authid }) => printable(authid) },
  { title: 'ROLE', isNumber: false, cell: ({ authrole }) => printable(authrole) },
  { title: 'SERIALIZER', isNumber: false, cell: ({ serializer }) => serializer || '-' },
];

const SPLIT: readonly Column[] = [
  { title: 'IN', isNumber: true, cell: ({ session }, of) => octets(of.get(session)?.received) },
  { title: 'OUT', isNumber: true, cell: ({ session }, of) => octets(of.get(session)?.sent) },
];

const TOTALS: readonly Column[] = [
  { title: 'BYTES', isNumber: true, cell: account => atLeast(account, octets(account.bytes)) },
  { title: 'BYTES/S', isNumber: true, cell: ({ bytesPerSecond }) => octets(bytesPerSecond) },
  { title: 'MESSAGES', isNumber: true, cell: account => atLeast(account, String(account.messages)) },
  { title: 'MSG/S', isNumber: true, cell: ({ messagesPerSecond }) => messagesPerSecond?.toFixed(1) ?? '-' },
  { title: 'RATED', isNumber: true, cell: account => atLeast(account, String(account.rated)) },
  { title: 'CYCLES', isNumber: true, cell: ({ cycles }) => String(cycles) },
  { title: 'STATE', isNumber: false, cell: ({ hasLeft }) => (hasLeft ? 'left' : 'joined') },
];

/** `directions`: `undefined` when nobody tells them, and their columns are not there. */
export function table(accounts: readonly Account[], directions: Directions | undefined, paint: Paint): string[] {
  const columns = [...COLUMNS, ...(directions ? SPLIT : []), ...TOTALS];
  const rows = accounts.map(account => columns.map(column => column.cell(account, directions ?? new Map())));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map(row => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]!.isNumber ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const lines = rows.map((row, i) => (accounts[i]!.hasLeft ? paint('dim', line(row)) : line(row)));
  return [paint('bold', line(columns.map(({ title }) => title))), ...lines];
}

function atLeast({ isPartial }: Account, text: string): string {
  return isPartial ? `≥${text}` : text;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function octets(count: number | undefined): string {
  if (count === undefined) return '-';
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
