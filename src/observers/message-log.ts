/** Owns the message-level records of one native trace: which messages become records, and when. */

import type { Frame } from '../tap.js';
import type { TracedAction } from '../trace/action.js';
import type { Observer } from '../trace/observer.js';
import { Code } from '../wire/codes.js';
import { NO_PAYLOAD, Payload } from '../wire/payload.js';
import type { Amendments } from './amendments.js';
import { Flag, type LoggedMessage } from './logged-message.js';
import type { BlockRow } from './record-block.js';
import { type FrameFacts, type NamedCodec, RecordRing } from './record-ring.js';
import { redacted } from './redaction.js';
import { choosesActions, holdsBack, releases, type TraceFilter, wantsAction, wantsMessage } from './trace-filter.js';

export interface LogOptions {
  /** Keep Arguments and ArgumentsKw. */
  readonly payload: boolean;
  /** Keys whose values are blotted out, at any depth of a payload. */
  readonly redact: readonly string[];
  /** Record handshakes and the router's own sessions. */
  readonly internal: boolean;
  readonly filter: TraceFilter;
  /** Records kept; older ones are dropped. A power of two. */
  readonly maxRecords: number;
  /** Octets of payloads kept; the records of older ones are dropped. */
  readonly maxBytes: number;
  /** Milliseconds that a record is kept. */
  readonly maxAge: number;
  readonly codec: NamedCodec;
  /** Whether a URI is the tracing API's own: a trace never traces its own traffic. */
  readonly isOwn: (uri: string) => boolean;
}

/** What a trace keeps and tells, at either level. */
export interface TraceLog<Record> extends Observer {
  /** Number of the oldest record that is kept, and of the next. */
  readonly firstSeq: number;
  readonly nextSeq: number;
  /** Records that were held back and given up, because too many were. */
  readonly overflow: number;
  /** Drops what is older than the limit of age; `now` in milliseconds since the epoch. */
  expire(now: number): void;
  /** Records `from` to `to`, both included, as far as they are kept. */
  read(from: number, to: number): Record[];
  /** What a store keeps of record `seq`, which must be kept here still. */
  row(seq: number): BlockRow;
  /** Changes to records that were handed over; `undefined` when records never change. */
  readonly amendments: Amendments | undefined;
}

/** Messages of all held-back actions together: a bound on memory that no filter can lift. */
const MAX_HELD = 20_000;

/** Messages of the handshake: they carry secrets and belong to no action. */
function isHandshake(code: number): boolean {
  return code <= Code.GOODBYE;
}

export class MessageLog implements TraceLog<LoggedMessage> {
  readonly ring: RecordRing;
  readonly #options: LogOptions;
  readonly #filter: TraceFilter;
  readonly #chooses: boolean;
  readonly #holds: boolean;
  /** Open actions that the filter has chosen; unused when it chooses all. */
  readonly #chosen = new Set<TracedAction>();
  /** Messages held back, by action. */
  readonly #held = new Map<TracedAction, FrameFacts[]>();
  #heldCount = 0;
  overflow = 0;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#filter = options.filter;
    this.#chooses = choosesActions(options.filter);
    this.#holds = holdsBack(options.filter);
    this.ring = new RecordRing({
      maxRecords: options.maxRecords,
      maxPayloadBytes: options.payload ? options.maxBytes : 0,
      codec: options.codec,
    });
  }

  get firstSeq(): number {
    return this.ring.first;
  }

  get nextSeq(): number {
    return this.ring.next;
  }

  expire(now: number): void {
    this.ring.dropBefore(now - this.#options.maxAge);
  }

  read(from: number, to: number): LoggedMessage[] {
    return this.ring.read(from, to);
  }

  row(seq: number): BlockRow {
    return this.ring.row(seq);
  }

  get amendments(): Amendments {
    return this.ring.amendments;
  }

  onFrame(frame: Frame, action: TracedAction | undefined): void {
    const { internal } = this.#options;
    if (!internal && (frame.session.internal || action?.originator.internal || isHandshake(frame.message.code))) return;
    if (action) {
      if (this.#options.isOwn(action.uri)) return;
      if (this.#chooses && !this.#isChosen(frame, action)) return;
    } else if (this.#chooses || this.#holds) {
      // Of an action that began before the trace nothing is known to choose by.
      return;
    }
    if (action && this.#holds && action.outcome === undefined) return this.#hold(frame, action);
    if (action && this.#holds && !releases(this.#filter, action)) return;
    this.#record(frame, action);
  }

  #isChosen(frame: Frame, action: TracedAction): boolean {
    // A late answer: its action has been forgotten here, but is complete.
    if (action.outcome !== undefined) return wantsAction(this.#filter, action);
    if (frame.seq !== action.firstFrame) return this.#chosen.has(action);
    if (!wantsAction(this.#filter, action)) return false;
    this.#chosen.add(action);
    return true;
  }

  #record(frame: FrameFacts, action: TracedAction | undefined): void {
    if (!wantsMessage(this.#filter, frame)) return;
    const late = action !== undefined && action.outcome !== undefined && frame.seq > action.lastFrame;
    this.ring.put(frame, action, this.#payloadOf(frame), late ? Flag.LATE : 0);
  }

  #payloadOf(frame: FrameFacts): Payload {
    const { payload } = frame.message;
    const { redact, payload: kept } = this.#options;
    if (!kept || redact.length === 0 || payload.count === 0) return payload;
    return redacted(payload, redact);
  }

  /** The frame is valid only now; a copy waits for the end of its action. */
  #hold(frame: Frame, action: TracedAction): void {
    if (this.#heldCount >= MAX_HELD) {
      this.overflow++;
      return;
    }
    const { seq, at, session, direction, message, start, end, dropped } = frame;
    const payload = this.#options.payload ? message.payload.keep() : stub(message.payload);
    const copy = { seq, at, session, direction, message: { ...message, payload }, start, end, dropped };
    const held = this.#held.get(action);
    if (held) held.push(copy);
    else this.#held.set(action, [copy]);
    this.#heldCount++;
  }

  onActionEnd(action: TracedAction): void {
    this.#chosen.delete(action);
    if (this.#holds) this.#release(action);
    else this.ring.markLast(action.lastFrame);
  }

  #release(action: TracedAction): void {
    const held = this.#held.get(action);
    if (!held) return;
    this.#held.delete(action);
    this.#heldCount -= held.length;
    if (!releases(this.#filter, action)) return;
    for (const frame of held) {
      if (!wantsMessage(this.#filter, frame)) continue;
      // Numbered only now; and the last message is known already.
      const last = frame.seq === action.lastFrame ? Flag.LAST : 0;
      this.ring.put(frame, action, this.#payloadOf(frame), last);
    }
  }
}

/** Stands for a payload that is not kept, without keeping its octets. */
function stub(payload: Payload): Payload {
  return payload.count === 0 ? NO_PAYLOAD : Payload.of([]);
}
