/** Owns how a traced action looks in a terminal: as a sequence of arrows between its participants, or in one line. */

/** What the demo reads of a record of the tracing API. */
export interface TraceRecord {
  readonly seq: number;
  /** Seconds. */
  readonly ts: number;
  readonly direction: 'rx' | 'tx';
  readonly msg_type: string;
  readonly session_id: number;
  readonly correlation: string | null;
  readonly correlation_is_anchor: boolean;
  readonly correlation_is_last: boolean;
  readonly uri: string | null;
  readonly bytes: number;
  readonly msg: readonly unknown[];
}

export interface Action {
  readonly records: readonly TraceRecord[];
  /** `Call`. */
  readonly kind: string;
  readonly uri: string;
  readonly outcome: string;
  readonly failed: boolean;
  /** From the first message to the last. */
  readonly milliseconds: number;
}

/** Puts records together by correlation, as they come. */
export class Actions {
  readonly #open = new Map<string, TraceRecord[]>();

  /** The actions that have ended with these records. */
  add(records: readonly TraceRecord[]): Action[] {
    const ended = new Set<string>();
    for (const record of records) {
      const { correlation } = record;
      if (correlation === null) continue;
      const open = this.#open.get(correlation);
      if (open) open.push(record);
      else if (record.correlation_is_anchor) this.#open.set(correlation, [record]);
      if (record.correlation_is_last) ended.add(correlation);
    }
    return [...ended].flatMap(correlation => {
      const open = this.#open.get(correlation);
      // A late answer may come with another page; it changes nothing.
      this.#open.delete(correlation);
      return open ? [actionOf(open)] : [];
    });
  }
}

function actionOf(records: readonly TraceRecord[]): Action {
  const anchor = records[0]!;
  const last = records.find(record => record.correlation_is_last)!;
  const error = last.msg_type === 'Error' ? String(last.msg[4]) : '';
  return {
    records,
    kind: anchor.msg_type,
    uri: anchor.uri ?? '',
    outcome: error || 'ok',
    failed: error !== '',
    milliseconds: (last.ts - anchor.ts) * 1000,
  };
}

export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'cyan', text: string) => string;

const WORDS = 15;
const NAMES = 12;

/** A headline, then one arrow for each message; equal ones to many receivers share one. */
export function sequence(action: Action, nameOf: (session: number) => string, paint: Paint): string[] {
  const { records, kind, uri, outcome, failed, milliseconds } = action;
  const anchor = records[0]!;
  const headline = [
    paint('bold', `${kind.toLowerCase()} ${uri}`),
    paint(failed ? 'red' : 'green', outcome),
    `${milliseconds.toFixed(2)} ms`,
    paint('dim', `correlation ${anchor.correlation}`),
  ];
  const lines = [headline.join('  ')];
  for (const [first, ...same] of runs(records)) {
    const isOriginator = first!.session_id === anchor.session_id;
    const who = same.length > 0 ? `${same.length + 1} clients` : nameOf(first!.session_id);
    const word =
      same.length > 0 ? `${first!.msg_type.toUpperCase()} x${same.length + 1}` : first!.msg_type.toUpperCase();
    const isRightward = isOriginator === (first!.direction === 'rx');
    const arrow = isRightward ? `──${word.padEnd(WORDS, '─')}▶` : `◀─${word.padEnd(WORDS, '─')}─`;
    const path = isOriginator
      ? `${who.padStart(NAMES)} ${arrow} router`
      : `${''.padStart(NAMES)} ${''.padStart(arrow.length)} router ${arrow} ${who}`;
    const bytes = first!.bytes + same.reduce((sum, record) => sum + record.bytes, 0);
    const when = `+${((first!.ts - anchor.ts) * 1000).toFixed(2)} ms`;
    lines.push(
      `  ${path.padEnd(NAMES * 2 + WORDS * 2 + 18)} ${paint('dim', `${when.padStart(11)} ${String(bytes).padStart(5)} B`)}`,
    );
  }
  return lines;
}

/** Neighbours of one type and direction to others than the originator. */
function runs(records: readonly TraceRecord[]): TraceRecord[][] {
  const found: TraceRecord[][] = [];
  for (const record of records) {
    const run = found.at(-1);
    if (record.msg_type === 'Event' && run?.[0]?.msg_type === 'Event') run.push(record);
    else found.push([record]);
  }
  return found;
}

/** `call com.example.square  ok  0.51 ms  4 messages: customer, calculator`. */
export function oneLine(action: Action, nameOf: (session: number) => string, paint: Paint): string {
  const { records, kind, uri, outcome, failed, milliseconds } = action;
  const names = [...new Set(records.map(record => nameOf(record.session_id)))];
  const who = names.length > 3 ? `${names[0]} to ${names.length - 1} clients` : names.join(', ');
  const what = `${kind.toLowerCase()} ${uri}`.padEnd(35);
  const ending = `${`${milliseconds.toFixed(2)} ms`.padStart(10)} ${String(records.length).padStart(3)} messages`;
  return `${what} ${ending}  ${who.padEnd(22)} ${paint(failed ? 'red' : 'green', outcome)}`;
}
