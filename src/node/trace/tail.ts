/** Owns `wampscope trace tail`: follows a trace, and prints what happens as it happens. */

import { type ActionLine, Actions, lineOfAction, lineOfRecord, nameOf } from './actions.js';
import { type AnyRecord, isActionRecord, type RecordSource, type TraceRecord } from './records.js';
import { type Output, type Paint, printable } from './terminal.js';

export interface TailOptions {
  readonly id: string;
  /** One line a message instead of an action. */
  readonly messages: boolean;
  /** The first record of interest. */
  readonly from: number;
  readonly paint: Paint;
  /** Resolves when the user wants no more. */
  readonly ended: Promise<void>;
}

export interface Tailed {
  /** Lines printed. */
  readonly lines: number;
  /** Records that were pushed out before they could be read. */
  readonly missed: number;
  /** Why the trace ran no longer; `undefined` when it still runs. */
  readonly stopped: string | undefined;
}

/** Milliseconds between two looks. */
const PERIOD = 200;
/** Looks between two questions after actions that have not ended. */
const RECHECK = 5;
/** Actions asked after at a time. */
const MAX_RECHECKED = 20;
/** Records whose lines are written at once. */
const BLOCK = 1000;

/** Prints what is recorded, until the trace stops, the user wants no more, or nobody reads. */
export async function tail(source: RecordSource, options: TailOptions, output: Output): Promise<Tailed> {
  const { id, messages, from, paint, ended } = options;
  const actions = new Actions();
  let isOver = false;
  let wake = (): void => {};
  const finish = (): void => {
    isOver = true;
    wake();
  };
  void ended.then(finish);
  output.onClosed(finish);
  let next = from;
  let lines = 0;
  let missed = 0;

  const print = async (text: readonly string[]): Promise<void> => {
    lines += text.length;
    await output.write(text.map(line => `${line}\n`).join(''));
  };
  const linesOf = (records: readonly AnyRecord[]): string[] => {
    if (messages) return records.filter(isMessage).map(record => messageLine(record, paint));
    const ofActions = records.filter(isActionRecord).map(lineOfRecord);
    const ofMessages = actions.add(records.filter(isMessage)).map(lineOfAction);
    return [...ofActions, ...ofMessages].map(line => actionLine(line, paint));
  };

  for (let look = 1; ; look++) {
    const isLastLook = isOver;
    const trace = await source.get(id);
    missed += Math.max(0, trace.first_seq - next);
    let block: AnyRecord[] = [];
    for await (const record of source.records(id, next, Number.POSITIVE_INFINITY)) {
      block.push(record);
      next = record.seq + 1;
      if (block.length < BLOCK) continue;
      await print(linesOf(block));
      block = [];
    }
    await print(linesOf(block));
    next = Math.max(next, trace.first_seq);
    const isLast = trace.status !== 'running' || isLastLook || output.closed;
    if (!messages && (look % RECHECK === 0 || isLast)) {
      const quiet = await quietEnds(source, id, actions);
      await print(quiet.map(line => actionLine(line, paint)));
    }
    if (isLast) {
      const stopped = trace.status === 'running' ? undefined : (trace.stopped_reason ?? trace.status);
      return { lines, missed, stopped };
    }
    if (isOver) continue;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, PERIOD);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A caller who leaves ends its call without a further message: the last one turns into the last only afterwards. */
async function quietEnds(source: RecordSource, id: string, actions: Actions): Promise<ActionLine[]> {
  const ended: ActionLine[] = [];
  for (const { seq } of actions.pending(MAX_RECHECKED)) {
    for await (const record of source.records(id, seq, 1)) {
      if (isActionRecord(record) || record.seq !== seq || !record.correlation_is_last) continue;
      const action = actions.end(record.correlation!);
      if (action) ended.push(lineOfAction(action));
    }
  }
  return ended;
}

function isMessage(record: AnyRecord): record is TraceRecord {
  return !isActionRecord(record);
}

/** `12:34:56.789  call         com.example.square   0.51 ms  ok  alice → bob  d5d9bcec`. */
export function actionLine(line: ActionLine, paint: Paint): string {
  const { at, kind, uri, milliseconds, outcome, failed, originator, responders, responderCount, correlation } = line;
  return [
    paint('dim', timeOfDay(at)),
    paint('cyan', kind.toLowerCase().padEnd(11)),
    printable(uri).padEnd(36),
    `${milliseconds.toFixed(2)} ms`.padStart(12),
    paint(failed ? 'red' : 'green', printable(outcome).padEnd(3)),
    printable(originator) + receivers(responders, responderCount),
    paint('dim', correlation.slice(0, 8)),
  ].join('  ');
}

function receivers(names: readonly string[], count: number): string {
  if (count === 0) return '';
  return ` → ${count > 2 ? `${count} clients` : printable(names.join(', '))}`;
}

function messageLine(record: TraceRecord, paint: Paint): string {
  const { ts, direction, msg_type, uri, bytes, session_id, authid, correlation, dropped, late } = record;
  return [
    paint('dim', timeOfDay(ts * 1000)),
    direction,
    paint(msg_type === 'Error' ? 'red' : 'cyan', msg_type.toUpperCase().padEnd(12)),
    printable(uri ?? '-').padEnd(36),
    `${bytes} B`.padStart(10),
    printable(nameOf(session_id, authid)),
    ...(correlation ? [paint('dim', correlation.slice(0, 8))] : []),
    ...(dropped ? [paint('red', 'dropped')] : []),
    ...(late ? [paint('yellow', 'late')] : []),
  ].join('  ');
}

/** Of this machine's time zone. */
function timeOfDay(milliseconds: number): string {
  const time = new Date(milliseconds);
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
