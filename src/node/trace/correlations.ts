/** Owns the search for one action among the records of traces, by as many digits of its correlation as are given. */

import { TraceFailure, UsageError } from './failure.js';
import { isActionRecord, type RecordSource, type TraceRecord, type TraceSummary } from './records.js';

const MAX_NAMED = 5;

export interface Found {
  readonly trace: TraceSummary;
  /** In order; at least one. */
  readonly records: readonly TraceRecord[];
}

/** The action in the trace that knows most of it. @throws TraceFailure when there is none, or more than one. */
export async function findAction(source: RecordSource, traces: readonly TraceSummary[], asked: string): Promise<Found> {
  const prefix = checkPrefix(asked);
  const readable = traces.filter(trace => trace.options.trace_level === 'message');
  const actions = new Map<string, Found>();
  for (const trace of readable) {
    for (const [correlation, records] of await matches(source, trace.id, prefix)) {
      const known = actions.get(correlation);
      if (!known || known.records.length < records.length) actions.set(correlation, { trace, records });
    }
  }
  if (actions.size === 0) throw new TraceFailure(nothing(asked, traces, readable));
  if (actions.size > 1) throw new TraceFailure(ambiguous(asked, actions));
  return [...actions.values()][0]!;
}

function checkPrefix(asked: string): string {
  if (/^[0-9a-f][0-9a-f-]{0,35}$/i.test(asked)) return asked.toLowerCase();
  throw new UsageError(`the correlation is "${asked}"; expected the first digits of a UUID, as tail prints them`);
}

async function matches(source: RecordSource, id: string, prefix: string): Promise<Map<string, TraceRecord[]>> {
  const found = new Map<string, TraceRecord[]>();
  for await (const record of source.records(id, 0, Number.POSITIVE_INFINITY)) {
    if (isActionRecord(record) || !record.correlation?.startsWith(prefix)) continue;
    const records = found.get(record.correlation);
    if (records) records.push(record);
    // One more than fits into the complaint that there are too many.
    else if (found.size <= MAX_NAMED) found.set(record.correlation, [record]);
  }
  return found;
}

function nothing(asked: string, traces: readonly TraceSummary[], readable: readonly TraceSummary[]): string {
  if (traces.length === 0) return 'there is no trace to look in: start one with wampscope trace start';
  if (readable.length === 0) {
    const ids = traces.map(trace => trace.id).join(', ');
    return `${ids}: at level action no messages are kept; wampscope trace start --level message keeps them`;
  }
  const ids = readable.map(trace => trace.id).join(', ');
  return `no action "${asked}" in ${ids}; wampscope trace tail prints those that happen`;
}

function ambiguous(asked: string, actions: ReadonlyMap<string, Found>): string {
  const named = [...actions].slice(0, MAX_NAMED).map(([correlation, { records }]) => {
    const { msg_type, uri } = records[0]!;
    return `\n  ${correlation}  ${msg_type.toLowerCase()} ${uri ?? ''}`;
  });
  const more = actions.size > MAX_NAMED ? '\n  …' : '';
  return `"${asked}" begins the correlation of more than one action:${named.join('')}${more}`;
}
