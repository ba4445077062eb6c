/** Owns the action-level records of one native trace: one for each action, made when it has ended. */

import type { Frame, SessionRef } from '../tap.js';
import type { TracedAction } from '../trace/action.js';
import { Reason } from '../trace/sampling/reason.js';
import { Code } from '../wire/codes.js';
import { type LoggedAction, rowOfAction } from './logged-action.js';
import type { LogOptions, TraceLog } from './message-log.js';
import type { RecordBlockWriter } from './record-block.js';
import { choosesActions, holdsBack, releases, wantsAction } from './trace-filter.js';

const MAX_RESPONDERS = 1000;

interface Responders {
  readonly sessions: SessionRef[];
  count: number;
}

export class ActionLog implements TraceLog<LoggedAction> {
  readonly borrows = true;
  readonly #options: LogOptions;
  readonly #chooses: boolean;
  readonly #holds: boolean;
  readonly #records: (LoggedAction | undefined)[];
  readonly #responders = new Map<TracedAction, Responders>();
  readonly overflow = 0;
  /** It holds nothing back. */
  readonly exhausted = false;
  /** An action is final when it is recorded. */
  readonly amendments = undefined;
  firstSeq = 0;
  nextSeq = 0;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#chooses = choosesActions(options.filter);
    this.#holds = holdsBack(options.filter);
    this.#records = new Array<LoggedAction | undefined>(options.maxRecords).fill(undefined);
  }

  onFrame(frame: Frame, action: TracedAction | undefined): void {
    if (!action || frame.direction !== 'sent' || frame.dropped) return;
    if (frame.message.code !== Code.EVENT && frame.message.code !== Code.INVOCATION) return;
    let responders = this.#responders.get(action);
    if (!responders) {
      // Late messages would open an entry that nobody closes.
      if (action.outcome !== undefined) return;
      responders = { sessions: [], count: 0 };
      this.#responders.set(action, responders);
    }
    responders.count++;
    if (responders.sessions.length < MAX_RESPONDERS) responders.sessions.push(frame.session);
  }

  onActionEnd(action: TracedAction): void {
    const responders = this.#responders.get(action);
    this.#responders.delete(action);
    const { filter, internal, isOwn, maxRecords } = this.#options;
    if (!internal && action.originator.internal) return;
    if (isOwn(action.uri)) return;
    if (this.#chooses && !wantsAction(filter, action)) return;
    if (this.#holds && !releases(filter, action)) return;
    const seq = this.nextSeq++;
    if (seq - this.firstSeq >= maxRecords) this.firstSeq++;
    this.#records[seq % maxRecords] = {
      seq,
      kind: action.kind,
      realm: action.realm,
      uri: action.uri,
      correlation: action.correlation,
      traceId: action.traceId,
      spanId: action.sampled === Reason.none ? null : action.spanId,
      startedAt: action.startedAt,
      endedAt: action.endedAt,
      outcome: action.outcome!,
      error: action.error,
      originator: action.originator,
      responders: responders?.sessions ?? [],
      responderCount: responders?.count ?? 0,
      messages: action.messages,
    };
  }

  expire(now: number): void {
    const { maxAge, maxRecords } = this.#options;
    while (this.firstSeq < this.nextSeq && this.#records[this.firstSeq % maxRecords]!.endedAt < now - maxAge) {
      this.#records[this.firstSeq % maxRecords] = undefined;
      this.firstSeq++;
    }
  }

  read(from: number, to: number): LoggedAction[] {
    const records: LoggedAction[] = [];
    const end = Math.min(to, this.nextSeq - 1);
    for (let seq = Math.max(from, this.firstSeq); seq <= end; seq++) {
      records.push(this.#records[seq % this.#options.maxRecords]!);
    }
    return records;
  }

  copyTo(writer: RecordBlockWriter, seq: number): boolean {
    return writer.add(rowOfAction(this.#records[seq % this.#options.maxRecords]!));
  }

  /** Actions are final when they are recorded: nothing names them. */
  frameOf(seq: number): number {
    return seq;
  }
}
