/** Owns how a traced action looks in a terminal: as a sequence of arrows between its participants, or in one line. */

import { type Action, type Side, sideOf } from './actions.js';
import type { TraceRecord } from './records.js';
import { type Paint, printable } from './terminal.js';

/** What a session is called in a drawing. */
export type NameOf = (session: number, side: Side) => string;

const WORDS = 15;
const NAMES = 12;

/** A headline, then one arrow for each message; equal ones to many receivers share one. */
export function sequence(action: Action, nameOf: NameOf, paint: Paint): string[] {
  const { records } = action;
  const base = records[0]!.ts;
  const rows = runs(records).map(run => {
    const [first] = run;
    const { msg_type, direction, session_id, dropped, late } = first!;
    const side = sideOf(first!);
    const many = run.length > 1;
    return {
      side,
      who: many ? `${run.length} clients` : printable(nameOf(session_id, side)),
      word: `${msg_type.toUpperCase()}${many ? ` x${run.length}` : ''}`,
      isRightward: (side === 'originator') === (direction === 'rx'),
      when: `+${((first!.ts - base) * 1000).toFixed(2)} ms`,
      bytes: `${run.reduce((sum, record) => sum + record.bytes, 0)} B`,
      marks: `${dropped ? `  ${paint('red', 'dropped')}` : ''}${late ? `  ${paint('yellow', 'late')}` : ''}`,
    };
  });
  const widest = (side: Side): number =>
    Math.max(NAMES, ...rows.filter(row => row.side === side).map(row => row.who.length));
  const left = widest('originator');
  const words = Math.max(WORDS, ...rows.map(row => row.word.length + 1));
  const right = widest('responder');
  const lines = rows.map(({ side, who, word, isRightward, when, bytes, marks }) => {
    const arrow = isRightward ? `──${word.padEnd(words, '─')}▶` : `◀─${word.padEnd(words, '─')}─`;
    const path =
      side === 'originator'
        ? `${who.padStart(left)} ${arrow} router`
        : `${''.padStart(left)} ${''.padStart(arrow.length)} router ${arrow} ${who}`;
    const width = left + right + 2 * (words + 3) + 10;
    return `  ${path.padEnd(width)} ${paint('dim', `${when.padStart(11)} ${bytes.padStart(7)}`)}${marks}`;
  });
  return [headline(action, paint), ...lines];
}

function headline({ records, kind, uri, outcome, failed, milliseconds }: Action, paint: Paint): string {
  const style = outcome === 'open' ? 'yellow' : failed ? 'red' : 'green';
  return [
    paint('bold', `${kind.toLowerCase()} ${printable(uri)}`),
    paint(style, printable(outcome)),
    `${milliseconds.toFixed(2)} ms`,
    paint('dim', `correlation ${records[0]!.correlation}`),
  ].join('  ');
}

/** Neighbouring EVENTs that fared alike. */
function runs(records: readonly TraceRecord[]): TraceRecord[][] {
  const found: TraceRecord[][] = [];
  for (const record of records) {
    const run = found.at(-1);
    const isSame = record.msg_type === 'Event' && run?.[0]?.msg_type === 'Event';
    if (isSame && run![0]!.dropped === record.dropped && run![0]!.late === record.late) run!.push(record);
    else found.push([record]);
  }
  return found;
}

/** `call com.example.square  ok  0.51 ms  4 messages: customer, calculator`. */
export function oneLine(action: Action, nameOf: NameOf, paint: Paint): string {
  const { records, kind, uri, outcome, failed, milliseconds } = action;
  const names = [...new Set(records.map(record => printable(nameOf(record.session_id, sideOf(record)))))];
  const who = names.length > 3 ? `${names[0]} to ${names.length - 1} clients` : names.join(', ');
  const what = `${kind.toLowerCase()} ${printable(uri)}`.padEnd(35);
  const ending = `${`${milliseconds.toFixed(2)} ms`.padStart(10)} ${String(records.length).padStart(3)} messages`;
  return `${what} ${ending}  ${who.padEnd(22)} ${paint(failed ? 'red' : 'green', printable(outcome))}`;
}
