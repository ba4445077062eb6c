/** Owns how traces look in a terminal: many as a table, one as a list of what is known of it. */

import type { TraceSummary } from './records.js';
import { type Paint, printable } from './terminal.js';

export function tracesTable(traces: readonly TraceSummary[], paint: Paint): string[] {
  const isSpread = new Set(traces.map(trace => trace.worker_id)).size > 1;
  const isShort = traces.some(trace => trace.dropped > 0);
  const columns: [title: string, cell: (trace: TraceSummary) => string, isShown?: boolean][] = [
    ['ID', trace => trace.id],
    ['WORKER', trace => trace.worker_id, isSpread],
    ['STATUS', trace => trace.status],
    ['LEVEL', trace => trace.options.trace_level],
    ['RECORDS', trace => String(trace.next_seq - trace.first_seq)],
    ['DROPPED', trace => String(trace.dropped), isShort],
    ['SEQ', seqRange],
    ['STARTED', trace => trace.started],
    ['RUNTIME', runtime],
  ];
  const shown = columns.filter(([, , isShown = true]) => isShown);
  const head = shown.map(([title]) => title);
  const rows = traces.map(trace => shown.map(([, cell]) => cell(trace)));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => printable(cell).padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [paint('dim', line(head)), ...rows.map(line)];
}

export function traceLines(trace: TraceSummary, paint: Paint): string[] {
  const { id, status, stopped_reason, options, dropped, started, ended } = trace;
  const rows: [name: string, value: string | undefined][] = [
    ['trace', id],
    ['status', stopped_reason ? `${status} (${stopped_reason})` : status],
    ['level', `${options.trace_level}${options.trace_app_payload ? ', with payloads' : ''}`],
    ['filter', filterText(options.filter)],
    ['records', `${trace.next_seq - trace.first_seq}, seq ${seqRange(trace)}${dropped ? `, ${dropped} dropped` : ''}`],
    ['persisted', options.persist ? persistedText(trace) : undefined],
    ['started', started],
    ['ended', ended ?? undefined],
    ['runtime', `${runtime(trace)}${options.duration ? ` of ${String(options.duration)} s` : ''}`],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${paint('dim', name.padEnd(10))} ${printable(value!)}`);
}

/** First to last, both included. */
function seqRange({ first_seq, next_seq }: TraceSummary): string {
  return first_seq === next_seq ? '-' : `${first_seq}..${next_seq - 1}`;
}

function persistedText({ persisted_seq: seq, persist_error: error }: TraceSummary): string {
  const reached = typeof seq === 'number' ? `up to seq ${seq}` : error ? 'nothing' : 'nothing yet';
  return error ? `${reached}; stopped: ${error}` : reached;
}

function runtime(trace: TraceSummary): string {
  return trace.runtime === null ? '-' : `${trace.runtime.toFixed(1)} s`;
}

function filterText(filter: unknown): string | undefined {
  if (typeof filter !== 'object' || filter === null || Object.keys(filter).length === 0) return undefined;
  return Object.entries(filter)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join('|') : String(value)}`)
    .join(', ');
}
