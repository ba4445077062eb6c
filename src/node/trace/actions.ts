/** Owns how message records become actions: put together by correlation, with a kind, a duration and an outcome. */

import type { ActionRecord, TraceRecord } from './records.js';

export interface Action {
  /** In order; at least one. */
  readonly records: readonly TraceRecord[];
  /** `Call`. */
  readonly kind: string;
  readonly uri: string;
  /** `ok`, an error URI, `unanswered` when the caller left first, `open`. */
  readonly outcome: string;
  readonly failed: boolean;
  /** From the first message to the last. */
  readonly milliseconds: number;
}

/** What waits for its last message; of more the oldest are given up. */
const MAX_OPEN = 10_000;

/** Puts records together by correlation, as they come. */
export class Actions {
  readonly #open = new Map<string, TraceRecord[]>();
  /** Actions given up. */
  abandoned = 0;

  /** The actions that have ended with these records. */
  add(records: readonly TraceRecord[]): Action[] {
    const ended = new Set<string>();
    for (const record of records) {
      const { correlation } = record;
      if (correlation === null) continue;
      const open = this.#open.get(correlation);
      if (open) open.push(record);
      else if (record.correlation_is_anchor) this.#begin(correlation, record);
      if (record.correlation_is_last) ended.add(correlation);
    }
    return [...ended].flatMap(correlation => this.end(correlation) ?? []);
  }

  #begin(correlation: string, anchor: TraceRecord): void {
    if (this.#open.size >= MAX_OPEN) {
      const [oldest] = this.#open.keys();
      this.#open.delete(oldest!);
      this.abandoned++;
    }
    this.#open.set(correlation, [anchor]);
  }

  /** The newest record of each open action, the oldest actions first. */
  pending(limit: number): TraceRecord[] {
    const pending: TraceRecord[] = [];
    for (const records of this.#open.values()) {
      if (pending.length >= limit) break;
      pending.push(records.at(-1)!);
    }
    return pending;
  }

  /** Takes an action out as ended; `undefined` when it began before anybody looked. */
  end(correlation: string): Action | undefined {
    const open = this.#open.get(correlation);
    // A late answer may come with another page; it changes nothing.
    this.#open.delete(correlation);
    return open && actionOf(open, true);
  }
}

/** The action that records of one correlation tell of; `isEnded` when that is known from elsewhere. */
export function actionOf(records: readonly TraceRecord[], isEnded = false): Action {
  const anchor = records[0]!;
  const timely = records.filter(record => !record.late);
  const marked = timely.find(record => record.correlation_is_last);
  const last = marked ?? timely.at(-1) ?? anchor;
  const outcome = marked || isEnded ? outcomeOf(anchor, last) : 'open';
  return {
    records,
    kind: anchor.msg_type,
    uri: anchor.uri ?? '',
    outcome,
    failed: outcome !== 'ok' && outcome !== 'open',
    milliseconds: (last.ts - anchor.ts) * 1000,
  };
}

function outcomeOf(anchor: TraceRecord, last: TraceRecord): string {
  if (last.msg_type === 'Error') return String(last.msg[4]);
  return anchor.msg_type === 'Call' && last.msg_type !== 'Result' ? 'unanswered' : 'ok';
}

/** Who a message travels between: the router and the one who began the action, or one who was drawn in. */
export type Side = 'originator' | 'responder';

const INVOCATION = 68;
const RESPONDER_TYPES = ['Invocation', 'Yield', 'Interrupt', 'Event'];

/** By type, not by session: a client may call itself. */
export function sideOf(record: TraceRecord): Side {
  if (record.msg_type === 'Error') return record.msg[1] === INVOCATION ? 'responder' : 'originator';
  return RESPONDER_TYPES.includes(record.msg_type) ? 'responder' : 'originator';
}

/** One action, as a line tells of it, whatever the level of its trace. */
export interface ActionLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: string;
  readonly uri: string;
  readonly outcome: string;
  readonly failed: boolean;
  readonly milliseconds: number;
  readonly originator: string;
  readonly responders: readonly string[];
  /** Without repetition; more than `responders` names when those are cut. */
  readonly responderCount: number;
  readonly correlation: string;
}

export function lineOfAction(action: Action): ActionLine {
  const { records, kind, uri, outcome, failed, milliseconds } = action;
  const anchor = records[0]!;
  const responders = new Map<number, string>();
  for (const record of records) {
    if (sideOf(record) === 'responder') responders.set(record.session_id, nameOf(record.session_id, record.authid));
  }
  return {
    at: anchor.ts * 1000,
    kind,
    uri,
    outcome,
    failed,
    milliseconds,
    originator: nameOf(anchor.session_id, anchor.authid),
    responders: [...responders.values()],
    responderCount: responders.size,
    correlation: anchor.correlation!,
  };
}

export function lineOfRecord(record: ActionRecord): ActionLine {
  const { ts, action, uri, outcome, error, success, duration, originator, responders, correlation } = record;
  return {
    at: ts * 1000,
    kind: action,
    uri,
    outcome: error || outcome,
    failed: !success || outcome !== 'ok',
    milliseconds: duration * 1000,
    originator: originator === null ? 'nobody' : String(originator),
    responders: responders.map(({ session_id, authid }) => nameOf(session_id, authid)),
    responderCount: record.responder_count,
    correlation,
  };
}

// What a router calls somebody without a name; it says less than the session id.
const SERIAL = /^(?:[3-9A-Y]{4}-){5}[3-9A-Y]{4}$/;

/** The authid if it is a name, else the session id. */
export function nameOf(session: number, authid: string | null | undefined): string {
  return authid && !SERIAL.test(authid) ? authid : String(session);
}
