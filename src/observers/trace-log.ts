/** Owns the records of one native trace: a bounded ring of columns, written on the hot path, made into records when read. */

import type { Frame, SessionRef } from '../tap.js';
import { hexWord, type TracedAction, uuid } from '../trace/action.js';
import type { Observer } from '../trace/observer.js';
import { Code } from '../wire/codes.js';
import type { Dict } from '../wire/message.js';
import type { Payload, PayloadCodec } from '../wire/payload.js';
import { PayloadRing } from './payload-ring.js';

export interface TraceLogOptions {
  /** Keep Arguments and ArgumentsKw. */
  readonly payload: boolean;
  /** Records kept; older ones are dropped. A power of two. */
  readonly maxRecords: number;
  /** Octets of payloads kept; the records of older ones are dropped. */
  readonly maxPayloadBytes: number;
  /** Encodes the payloads of the router's own making. */
  readonly codec: PayloadCodec;
}

/** One record as the ring holds it, decoded. */
export interface LoggedMessage {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly session: SessionRef;
  readonly direction: 'received' | 'sent';
  readonly code: number;
  readonly request: number;
  readonly subject: number;
  readonly publication: number;
  /** URI element of the message itself. */
  readonly messageUri: string;
  readonly options: Dict;
  /** The payload's values: `undefined` when the message has none, or when it was not kept. */
  readonly payload: readonly unknown[] | undefined;
  readonly payloadOmitted: boolean;
  /** Octets of the message before framing. */
  readonly bytes: number;
  readonly dropped: boolean;
  /** Correlation id as a UUID, `null` for messages of an action that began before the trace. */
  readonly correlation: string | null;
  readonly traceId: string | null;
  /** URI of the action. */
  readonly uri: string | null;
  readonly anchor: boolean;
  readonly last: boolean;
}

const SENT = 1;
const DROPPED = 2;
const ANCHOR = 4;
const LAST = 8;
const KNOWN = 16;
const OMITTED = 32;

/** Messages of the handshake: they carry secrets and belong to no action. */
function isHandshake(code: number): boolean {
  return code <= Code.GOODBYE;
}

export class TraceLog implements Observer {
  readonly #options: TraceLogOptions;
  readonly #mask: number;
  readonly #at: Float64Array;
  readonly #frame: Float64Array;
  readonly #request: Float64Array;
  readonly #subject: Float64Array;
  readonly #publication: Float64Array;
  /** Correlation and trace id, eight words a record. */
  readonly #ids: Int32Array;
  readonly #bytes: Uint32Array;
  readonly #code: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #payloadCount: Uint8Array;
  readonly #session: (SessionRef | undefined)[];
  readonly #uri: string[];
  readonly #messageUri: string[];
  readonly #messageOptions: (Dict | undefined)[];
  readonly #codec: (PayloadCodec | undefined)[];
  readonly #payloads: PayloadRing | undefined;
  /** The oldest record that is kept, and the number of the next. */
  #first = 0;
  #next = 0;

  constructor(options: TraceLogOptions) {
    const n = options.maxRecords;
    this.#options = options;
    this.#mask = n - 1;
    this.#at = new Float64Array(n);
    this.#frame = new Float64Array(n);
    this.#request = new Float64Array(n);
    this.#subject = new Float64Array(n);
    this.#publication = new Float64Array(n);
    this.#ids = new Int32Array(n * 8);
    this.#bytes = new Uint32Array(n);
    this.#code = new Uint8Array(n);
    this.#flags = new Uint8Array(n);
    this.#payloadCount = new Uint8Array(n);
    this.#session = new Array<SessionRef | undefined>(n).fill(undefined);
    this.#uri = new Array<string>(n).fill('');
    this.#messageUri = new Array<string>(n).fill('');
    this.#messageOptions = new Array<Dict | undefined>(n).fill(undefined);
    this.#codec = new Array<PayloadCodec | undefined>(n).fill(undefined);
    this.#payloads = options.payload ? new PayloadRing(n, options.maxPayloadBytes) : undefined;
  }

  /** Number of the oldest record that is kept. */
  get firstSeq(): number {
    return this.#first;
  }

  /** Number of records made since the start. */
  get nextSeq(): number {
    return this.#next;
  }

  onFrame(frame: Frame, action: TracedAction | undefined): void {
    const { message: m, session } = frame;
    if (session.internal || action?.originator.internal || isHandshake(m.code)) return;
    const seq = this.#next++;
    const i = seq & this.#mask;
    if (seq - this.#first > this.#mask) this.#first++;
    let flags = frame.direction === 'sent' ? SENT : 0;
    if (frame.dropped) flags |= DROPPED;
    this.#at[i] = frame.at;
    this.#frame[i] = frame.seq;
    this.#request[i] = m.request;
    this.#subject[i] = m.subject;
    this.#publication[i] = m.publication;
    this.#bytes[i] = frame.end - frame.start;
    this.#code[i] = m.code;
    this.#session[i] = session;
    this.#messageUri[i] = m.uri;
    this.#messageOptions[i] = m.options;
    this.#payloadCount[i] = 0;
    if (action) {
      flags |= KNOWN;
      if (frame.seq === action.firstFrame) flags |= ANCHOR;
      const ids = this.#ids;
      const at = i * 8;
      ids[at] = action.id0;
      ids[at + 1] = action.id1;
      ids[at + 2] = action.id2;
      ids[at + 3] = action.id3;
      ids[at + 4] = action.trace0;
      ids[at + 5] = action.trace1;
      ids[at + 6] = action.trace2;
      ids[at + 7] = action.trace3;
      this.#uri[i] = action.uri;
    }
    if (m.payload.count > 0 && !this.#keepPayload(seq, i, m.payload)) flags |= OMITTED;
    this.#flags[i] = flags;
  }

  #keepPayload(seq: number, i: number, payload: Payload): boolean {
    const ring = this.#payloads;
    if (!ring) return false;
    const encoded = payload.serializer ? payload : payload.in(this.#options.codec);
    const firstKept = ring.write(i, seq, encoded.bytes, encoded.start, encoded.end);
    if (firstKept < 0) return false;
    if (firstKept > this.#first) this.#first = firstKept;
    this.#payloadCount[i] = payload.count;
    this.#codec[i] = encoded.serializer;
    return true;
  }

  /** Marks the last message of an action: known only when the action has ended. */
  onActionEnd(action: TracedAction): void {
    if (action.originator.internal) return;
    // Records are in the order of their frames.
    let low = this.#first;
    let high = this.#next - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#frame[middle & this.#mask]! <= action.lastFrame) low = middle;
      else high = middle - 1;
    }
    // The very last message may have gone to a session of the router's own, which is not recorded.
    let mark = LAST;
    for (let seq = low; seq >= this.#first && seq <= high; seq--) {
      const i = seq & this.#mask;
      if (this.#frame[i]! < action.firstFrame) return;
      if (!this.#isOf(i, action)) continue;
      this.#flags[i]! |= mark;
      if (action.kind !== 'unsubscribe' && action.kind !== 'unregister') return;
      // The request named an id; what that stood for came with the answer.
      this.#uri[i] = action.uri;
      mark = 0;
    }
  }

  #isOf(i: number, action: TracedAction): boolean {
    const at = i * 8;
    return (this.#flags[i]! & KNOWN) !== 0 && this.#ids[at] === action.id0 && this.#ids[at + 3] === action.id3;
  }

  /** Records `from` to `to`, both included, as far as they are kept. */
  read(from: number, to: number): LoggedMessage[] {
    const records: LoggedMessage[] = [];
    const end = Math.min(to, this.#next - 1);
    for (let seq = Math.max(from, this.#first); seq <= end; seq++) records.push(this.#record(seq));
    return records;
  }

  #record(seq: number): LoggedMessage {
    const i = seq & this.#mask;
    const flags = this.#flags[i]!;
    const id = (word: number): number => this.#ids[i * 8 + word]!;
    const known = (flags & KNOWN) !== 0;
    return {
      seq,
      at: this.#at[i]!,
      session: this.#session[i]!,
      direction: flags & SENT ? 'sent' : 'received',
      code: this.#code[i]!,
      request: this.#request[i]!,
      subject: this.#subject[i]!,
      publication: this.#publication[i]!,
      messageUri: this.#messageUri[i]!,
      options: this.#messageOptions[i]!,
      payload: this.#payload(i, flags),
      payloadOmitted: (flags & OMITTED) !== 0,
      bytes: this.#bytes[i]!,
      dropped: (flags & DROPPED) !== 0,
      correlation: known ? uuid(id(0), id(1), id(2), id(3)) : null,
      traceId: known ? hexWord(id(4)) + hexWord(id(5)) + hexWord(id(6)) + hexWord(id(7)) : null,
      uri: known ? this.#uri[i]! : null,
      anchor: (flags & ANCHOR) !== 0,
      last: (flags & LAST) !== 0,
    };
  }

  #payload(i: number, flags: number): readonly unknown[] | undefined {
    const count = this.#payloadCount[i]!;
    if (!this.#payloads || count === 0 || flags & OMITTED) return undefined;
    const bytes = this.#payloads.read(i);
    const { args, kwargs } = this.#codec[i]!.decodePayload(bytes, 0, bytes.length, count);
    return count === 2 ? [args, kwargs] : [args];
  }
}
