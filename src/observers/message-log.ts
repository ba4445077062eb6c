/** Owns the message-level records of one native trace: which messages become records, and when. */

import type { Frame } from '../tap.js';
import type { TracedAction } from '../trace/action.js';
import type { Observer } from '../trace/observer.js';
import { Reason } from '../trace/sampling/reason.js';
import { Code } from '../wire/codes.js';
import type { Amendments } from './amendments.js';
import { HeldMessages } from './held-messages.js';
import type { NamedCodec } from './kept-payloads.js';
import { Flag, type LoggedMessage } from './logged-message.js';
import type { RecordBlockWriter } from './record-block.js';
import { RecordRing } from './record-ring.js';
import {
  choosesActions,
  holdsBack,
  picksMessages,
  releases,
  type TraceFilter,
  wantsAction,
  wantsMessage,
} from './trace-filter.js';

export interface LogOptions {
  /** Keep Arguments and ArgumentsKw. */
  readonly payload: boolean;
  /** Keys whose values are blotted out, at any depth of a payload. */
  readonly redact: readonly string[];
  /** Record handshakes and the router's own sessions. */
  readonly internal: boolean;
  readonly filter: TraceFilter;
  /** Records kept; older ones are dropped. */
  readonly maxRecords: number;
  /** Octets kept of payloads, of options, and of what is held back; beyond it the oldest records are dropped. */
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
  /** What is held back has reached the limit of octets: the trace cannot keep what it promises. */
  readonly exhausted: boolean;
  /** Drops what is older than the limit of age; `now` in milliseconds since the epoch. */
  expire(now: number): void;
  /** Records `from` to `to`, both included, as far as they are kept. */
  read(from: number, to: number): Record[];
  /** Adds record `seq`, which must be kept here still, to a block; true when the block is full. */
  copyTo(writer: RecordBlockWriter, seq: number): boolean;
  /** `Frame.seq` of record `seq`, by which amendments name it. */
  frameOf(seq: number): number;
  /** Changes to records that were handed over; `undefined` when records never change. */
  readonly amendments: Amendments | undefined;
}

/** Messages that may be held back: as many as the ring has, but a small one must do for many open calls. */
const LEAST_HELD = 20_000;
const MOST_HELD = 65_536;

/** Messages of the handshake: they carry secrets and belong to no action. */
function isHandshake(code: number): boolean {
  return code <= Code.GOODBYE;
}

export class MessageLog implements TraceLog<LoggedMessage> {
  readonly borrows = true;
  readonly ring: RecordRing;
  readonly #options: LogOptions;
  readonly #filter: TraceFilter;
  readonly #chooses: boolean;
  readonly #holds: boolean;
  /** The filter has something to say of messages or actions. */
  readonly #selects: boolean;
  /** Open actions that the filter has chosen; unused when it chooses all. */
  readonly #chosen = new Set<TracedAction>();
  readonly #held: HeldMessages;
  readonly #internal: boolean;
  /** First frame of the action that the newest frame belongs to, and whether its frames may be recorded at all. */
  #anchor = 0;
  #wanted = false;
  /** The URI that was asked about last: few are different, and they mostly are the same string. */
  #uri = '';
  #isOwn = false;
  /** Messages of released actions that could not be held back. */
  #missed = 0;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#filter = options.filter;
    this.#internal = options.internal;
    this.#chooses = choosesActions(options.filter);
    this.#holds = holdsBack(options.filter);
    this.#selects = this.#chooses || this.#holds || picksMessages(options.filter);
    this.#isOwn = options.isOwn('');
    this.#held = new HeldMessages({
      payload: options.payload,
      maxMessages: Math.min(Math.max(options.maxRecords, LEAST_HELD), MOST_HELD),
      maxBytes: options.maxBytes,
    });
    this.ring = new RecordRing({
      maxRecords: options.maxRecords,
      redact: options.redact,
      maxBytes: options.maxBytes,
      payload: options.payload,
      codec: options.codec,
    });
  }

  get overflow(): number {
    return this.#missed + this.#held.lost;
  }

  get exhausted(): boolean {
    return this.#held.exhausted;
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

  copyTo(writer: RecordBlockWriter, seq: number): boolean {
    return this.ring.copyTo(writer, seq);
  }

  frameOf(seq: number): number {
    return this.ring.frameOf(seq);
  }

  get amendments(): Amendments {
    return this.ring.amendments;
  }

  onFrame(frame: Frame, action: TracedAction | undefined): void {
    if (this.#internal === false && frame.session.internal === true) return;
    if (action === undefined) {
      if (this.#internal === false && isHandshake(frame.message.code)) return;
    } else {
      if (action.firstFrame !== this.#anchor) this.#consider(action);
      if (this.#wanted === false) return;
    }
    if (this.#selects === true && !this.#isSelected(frame, action)) return;
    const late = action !== undefined && action.outcome !== undefined && frame.seq > action.lastFrame;
    this.ring.put(frame, action, late ? Flag.LATE : 0);
  }

  /** Whether the frame is to be recorded now; one that is held back may be later. */
  #isSelected(frame: Frame, action: TracedAction | undefined): boolean {
    // Of an action that began before the trace nothing is known to choose by.
    if (action === undefined) return !this.#chooses && !this.#holds && wantsMessage(this.#filter, frame);
    if (this.#chooses && !this.#isChosen(frame, action)) return false;
    if (!wantsMessage(this.#filter, frame)) return false;
    if (!this.#holds) return true;
    if (action.outcome !== undefined) return releases(this.#filter, action);
    this.#held.hold(frame, action);
    return false;
  }

  /** Decides once what holds for all frames of an action; most come next to each other. */
  #consider(action: TracedAction): void {
    this.#anchor = action.firstFrame;
    if (action.uri !== this.#uri) {
      this.#uri = action.uri;
      this.#isOwn = this.#options.isOwn(action.uri);
    }
    this.#wanted = this.#isOwn === false && (this.#internal === true || action.originator.internal === false);
  }

  #isChosen(frame: Frame, action: TracedAction): boolean {
    // A late answer: its action has been forgotten here, but is complete.
    if (action.outcome !== undefined) return wantsAction(this.#filter, action);
    if (frame.seq !== action.firstFrame) return this.#chosen.has(action);
    if (!wantsAction(this.#filter, action)) return false;
    this.#chosen.add(action);
    return true;
  }

  onActionEnd(action: TracedAction): void {
    if (action.firstFrame !== this.#anchor) this.#consider(action);
    if (this.#wanted === false) return;
    if (this.#chooses && !this.#chosen.delete(action)) return;
    if (this.#holds) this.#release(action);
    else this.#end(action);
  }

  #end(action: TracedAction): void {
    this.ring.markLast(action.lastFrame);
    const { sampled } = action;
    // Of some it was not known at the anchor.
    if (sampled === Reason.error || sampled === Reason.slow || sampled === Reason.nativeTrace) {
      this.ring.lateKeeps.add(action.firstFrame);
      this.ring.amendments.kept(action.firstFrame);
    }
  }

  #release(action: TracedAction): void {
    const { frames, lost } = this.#held.take(action);
    if (!releases(this.#filter, action)) return;
    this.#missed += lost;
    for (const frame of frames) {
      // Numbered only now; and the last message is known already.
      const last = frame.seq === action.lastFrame ? Flag.LAST : 0;
      this.ring.put(frame, action, last);
    }
  }
}
