/** Owns the memory of one native trace: a bounded ring of columns, written on the hot path, made into records when read. */

import type { Frame } from '../tap.js';
import { hexWord, type TracedAction, uuid } from '../trace/action.js';
import { Code } from '../wire/codes.js';
import type { Dict, Message } from '../wire/message.js';
import { NO_PAYLOAD, type Payload, type PayloadCodec } from '../wire/payload.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import { boundedDict, boundedText } from './bounded.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import { PayloadRing } from './payload-ring.js';
import type { BlockRow } from './record-block.js';
import { redacted } from './redaction.js';

/** Decodes and encodes payloads; a serializer. */
export interface NamedCodec extends PayloadCodec {
  readonly name: SerializerName;
}

export interface RingOptions {
  /** Records kept; a power of two. */
  readonly maxRecords: number;
  /** Octets of payloads kept; 0 when a trace keeps none. */
  readonly maxPayloadBytes: number;
  /** Keys whose values are blotted out, at any depth of a payload. */
  readonly redact: readonly string[];
  /** Encodes the payloads of the router's own making. */
  readonly codec: NamedCodec;
}

/** What of a frame a record is made of; a held-back one is a copy with a payload of its own. */
export type FrameFacts = Pick<Frame, 'seq' | 'at' | 'session' | 'direction' | 'message' | 'start' | 'end' | 'dropped'>;

/**
 * A record is a row and a body. The rows of a fan-out share one body, and a message that passes a payload on shares its
 * octets. Bodies are numbered like rows and there are never more of them, so that a body outlives its rows.
 */
export class RecordRing {
  readonly #codec: NamedCodec;
  readonly #redact: readonly string[];
  readonly #mask: number;
  // Rows.
  readonly #at: Float64Array;
  readonly #frame: Float64Array;
  readonly #bytes: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #session: (LoggedSession | undefined)[];
  /** Slot of the body. */
  readonly #body: Uint32Array;
  // Bodies.
  readonly #code: Uint8Array;
  readonly #request: Float64Array;
  readonly #subject: Float64Array;
  readonly #publication: Float64Array;
  /** Correlation and trace id, eight words a body. */
  readonly #ids: Int32Array;
  readonly #uri: string[];
  readonly #messageUri: string[];
  readonly #options: (Dict | undefined)[];
  readonly #payloadCount: Uint8Array;
  readonly #payloadCodec: (NamedCodec | undefined)[];
  readonly #payloadAt: Uint32Array;
  readonly #payloadLength: Uint32Array;
  readonly #payloads: PayloadRing | undefined;
  /** Number of the oldest record that is kept, and of the next. */
  first = 0;
  next = 0;
  #nextBody = 0;
  /** What the newest body was made of, and the payload that was kept last. */
  #message: Message | undefined;
  #action: TracedAction | undefined;
  #payload: Payload = NO_PAYLOAD;
  #payloadBody = 0;

  constructor(options: RingOptions) {
    const n = options.maxRecords;
    this.#codec = options.codec;
    this.#redact = options.redact;
    this.#mask = n - 1;
    this.#at = new Float64Array(n);
    this.#frame = new Float64Array(n);
    this.#bytes = new Uint32Array(n);
    this.#flags = new Uint8Array(n);
    this.#session = new Array<LoggedSession | undefined>(n).fill(undefined);
    this.#body = new Uint32Array(n);
    this.#code = new Uint8Array(n);
    this.#request = new Float64Array(n);
    this.#subject = new Float64Array(n);
    this.#publication = new Float64Array(n);
    this.#ids = new Int32Array(n * 8);
    this.#uri = new Array<string>(n).fill('');
    this.#messageUri = new Array<string>(n).fill('');
    this.#options = new Array<Dict | undefined>(n).fill(undefined);
    this.#payloadCount = new Uint8Array(n);
    this.#payloadCodec = new Array<NamedCodec | undefined>(n).fill(undefined);
    this.#payloadAt = new Uint32Array(n);
    this.#payloadLength = new Uint32Array(n);
    this.#payloads = options.maxPayloadBytes > 0 ? new PayloadRing(n, options.maxPayloadBytes) : undefined;
  }

  /** Appends a record; `flags` are those that only the caller knows. */
  put(frame: FrameFacts, action: TracedAction | undefined, flags: number): void {
    const { message } = frame;
    const seq = this.next++;
    const i = seq & this.#mask;
    if (seq - this.first > this.#mask) this.first++;
    const shares = message === this.#message && action === this.#action;
    if (!shares) this.#newBody(seq, frame, action);
    const body = (this.#nextBody - 1) & this.#mask;
    if (frame.direction === 'sent') flags |= Flag.SENT;
    if (frame.dropped) flags |= Flag.DROPPED;
    if (action) flags |= frame.seq === action.firstFrame ? Flag.KNOWN | Flag.ANCHOR : Flag.KNOWN;
    if (message.payload.count > 0) {
      if (this.#payloadCount[body] === 0) flags |= Flag.OMITTED;
      else if (shares) this.#payloads!.share(seq);
    }
    this.#at[i] = frame.at;
    this.#frame[i] = frame.seq;
    this.#bytes[i] = frame.end - frame.start;
    this.#flags[i] = flags;
    this.#session[i] = frame.session;
    this.#body[i] = body;
  }

  #newBody(seq: number, frame: FrameFacts, action: TracedAction | undefined): void {
    const { message: m } = frame;
    const body = this.#nextBody++ & this.#mask;
    this.#message = m;
    this.#action = action;
    this.#code[body] = m.code;
    this.#request[body] = m.request;
    this.#subject[body] = m.subject;
    this.#publication[body] = m.publication;
    // CHALLENGE has an authmethod where others have a URI; the signature of AUTHENTICATE is never kept.
    this.#messageUri[body] = boundedText(m.code === Code.CHALLENGE ? m.text : m.uri);
    this.#options[body] = boundedDict(m.options);
    if (action) this.#join(seq, body, action);
    const { payload } = m;
    this.#payloadCount[body] = this.#payloads && payload.count > 0 ? this.#keepPayload(seq, body, payload) : 0;
  }

  #join(seq: number, body: number, action: TracedAction): void {
    const ids = this.#ids;
    const at = body * 8;
    ids[at] = action.id0;
    ids[at + 1] = action.id1;
    ids[at + 2] = action.id2;
    ids[at + 3] = action.id3;
    ids[at + 4] = action.trace0;
    ids[at + 5] = action.trace1;
    ids[at + 6] = action.trace2;
    ids[at + 7] = action.trace3;
    this.#uri[body] = boundedText(action.uri);
    if (action.uri !== '' && (action.kind === 'unsubscribe' || action.kind === 'unregister')) {
      this.#tellAnchor(seq, action);
    }
  }

  /** UNSUBSCRIBE and UNREGISTER tell an id: which URI that is comes with the reply, and belongs to both records. */
  #tellAnchor(seq: number, action: TracedAction): void {
    for (let earlier = seq - 1; earlier >= this.first; earlier--) {
      const i = earlier & this.#mask;
      if (this.#frame[i]! < action.firstFrame) return;
      if (this.#frame[i] === action.firstFrame) this.#uri[this.#body[i]!] = action.uri;
    }
  }

  /** Returns the number of its elements, or 0 when it is too long to be kept. */
  #keepPayload(seq: number, body: number, payload: Payload): number {
    const ring = this.#payloads!;
    if (payload === this.#payload) {
      // Passed on, as that of a CALL in its INVOCATION: the octets are there already.
      const before = this.#payloadBody;
      ring.share(seq);
      this.#payloadAt[body] = this.#payloadAt[before]!;
      this.#payloadLength[body] = this.#payloadLength[before]!;
      this.#payloadCodec[body] = this.#payloadCodec[before];
      return payload.count;
    }
    this.#payload = NO_PAYLOAD;
    const told = this.#redact.length > 0 ? redacted(payload, this.#redact) : payload;
    const encoded = told.serializer ? told : told.in(this.#codec);
    const at = ring.write(seq, encoded.bytes, encoded.start, encoded.end);
    if (at < 0) return 0;
    if (ring.lost > this.first) this.first = ring.lost;
    this.#payloadAt[body] = at;
    this.#payloadLength[body] = encoded.end - encoded.start;
    this.#payloadCodec[body] = encoded.serializer as NamedCodec;
    this.#payload = payload;
    this.#payloadBody = body;
    return payload.count;
  }

  /** Marks the record of frame `frameSeq`, if it is here. */
  markLast(frameSeq: number): void {
    const frames = this.#frame;
    const mask = this.#mask;
    // Records are in the order of their frames, and mostly it is the newest.
    let low = this.first;
    let high = this.next - 1;
    if (low <= high && frames[high & mask] === frameSeq) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (frames[middle & mask]! < frameSeq) low = middle + 1;
      else high = middle;
    }
    if (low <= high && frames[low & mask] === frameSeq) this.#flags[low & mask]! |= Flag.LAST;
  }

  /** Drops records older than `at`. */
  dropBefore(at: number): void {
    while (this.first < this.next && this.#at[this.first & this.#mask]! < at) this.first++;
  }

  /** Records `from` to `to`, both included, as far as they are kept. */
  read(from: number, to: number): LoggedMessage[] {
    const records: LoggedMessage[] = [];
    const end = Math.min(to, this.next - 1);
    for (let seq = Math.max(from, this.first); seq <= end; seq++) records.push(this.#record(seq));
    return records;
  }

  /** The columns of record `seq`, for a store. */
  row(seq: number): BlockRow {
    const i = seq & this.#mask;
    const body = this.#body[i]!;
    const count = this.#payloadCount[body]!;
    return {
      at: this.#at[i]!,
      session: this.#session[i]!,
      flags: this.#flags[i]!,
      code: this.#code[body]!,
      request: this.#request[body]!,
      subject: this.#subject[body]!,
      publication: this.#publication[body]!,
      messageUri: this.#messageUri[body]!,
      options: this.#options[body]!,
      uri: this.#uri[body]!,
      ids: this.#ids,
      idsAt: body * 8,
      bytes: this.#bytes[i]!,
      payload: count > 0 ? this.#octets(body) : undefined,
      payloadCount: count,
      payloadSerializer: count > 0 ? this.#payloadCodec[body]!.name : 'json',
    };
  }

  #record(seq: number): LoggedMessage {
    const i = seq & this.#mask;
    const body = this.#body[i]!;
    const flags = this.#flags[i]!;
    const id = (word: number): number => this.#ids[body * 8 + word]!;
    const known = (flags & Flag.KNOWN) !== 0;
    return {
      seq,
      at: this.#at[i]!,
      session: this.#session[i]!,
      direction: flags & Flag.SENT ? 'sent' : 'received',
      code: this.#code[body]!,
      request: this.#request[body]!,
      subject: this.#subject[body]!,
      publication: this.#publication[body]!,
      messageUri: this.#messageUri[body]!,
      options: this.#options[body]!,
      payload: this.#values(body),
      payloadOmitted: (flags & Flag.OMITTED) !== 0,
      bytes: this.#bytes[i]!,
      dropped: (flags & Flag.DROPPED) !== 0,
      correlation: known ? uuid(id(0), id(1), id(2), id(3)) : null,
      traceId: known ? hexWord(id(4)) + hexWord(id(5)) + hexWord(id(6)) + hexWord(id(7)) : null,
      uri: known ? this.#uri[body]! : null,
      anchor: (flags & Flag.ANCHOR) !== 0,
      last: (flags & Flag.LAST) !== 0,
      late: (flags & Flag.LATE) !== 0,
    };
  }

  #octets(body: number): Buffer {
    return this.#payloads!.read(this.#payloadAt[body]!, this.#payloadLength[body]!);
  }

  #values(body: number): readonly unknown[] | undefined {
    const count = this.#payloadCount[body]!;
    if (count === 0) return undefined;
    const bytes = this.#octets(body);
    const { args, kwargs } = this.#payloadCodec[body]!.decodePayload(bytes, 0, bytes.length, count);
    return count === 2 ? [args, kwargs] : [args];
  }
}
