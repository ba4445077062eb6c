/** Owns the memory of one native trace: a bounded ring of columns, written on the hot path, made into records when read. */

import type { Frame } from '../tap.js';
import { hexWord, type TracedAction, uuid } from '../trace/action.js';
import { Code } from '../wire/codes.js';
import type { Dict } from '../wire/message.js';
import type { Payload, PayloadCodec } from '../wire/payload.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import { Amendments } from './amendments.js';
import { boundedDict, boundedText } from './bounded.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import { PayloadRing } from './payload-ring.js';
import type { BlockRow } from './record-block.js';

/** Decodes and encodes payloads; a serializer. */
export interface NamedCodec extends PayloadCodec {
  readonly name: SerializerName;
}

export interface RingOptions {
  /** Records kept; a power of two. */
  readonly maxRecords: number;
  /** Octets of payloads kept; 0 when a trace keeps none. */
  readonly maxPayloadBytes: number;
  /** Encodes the payloads of the router's own making. */
  readonly codec: NamedCodec;
}

/** What of a frame a record is made of; a held-back one is a copy with a payload of its own. */
export type FrameFacts = Pick<Frame, 'seq' | 'at' | 'session' | 'direction' | 'message' | 'start' | 'end' | 'dropped'>;

export class RecordRing {
  readonly #codec: NamedCodec;
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
  readonly #session: (LoggedSession | undefined)[];
  readonly #uri: string[];
  readonly #messageUri: string[];
  readonly #messageOptions: (Dict | undefined)[];
  readonly #payloadCodec: (NamedCodec | undefined)[];
  readonly #payloads: PayloadRing | undefined;
  readonly amendments = new Amendments();
  /** Number of the oldest record that is kept, and of the next. */
  first = 0;
  next = 0;

  constructor(options: RingOptions) {
    const n = options.maxRecords;
    this.#codec = options.codec;
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
    this.#session = new Array<LoggedSession | undefined>(n).fill(undefined);
    this.#uri = new Array<string>(n).fill('');
    this.#messageUri = new Array<string>(n).fill('');
    this.#messageOptions = new Array<Dict | undefined>(n).fill(undefined);
    this.#payloadCodec = new Array<NamedCodec | undefined>(n).fill(undefined);
    this.#payloads = options.maxPayloadBytes > 0 ? new PayloadRing(n, options.maxPayloadBytes) : undefined;
  }

  /** Appends a record; `flags` are those that only the caller knows. */
  put(frame: FrameFacts, action: TracedAction | undefined, payload: Payload, flags: number): void {
    const { message: m } = frame;
    const seq = this.next++;
    const i = seq & this.#mask;
    if (seq - this.first > this.#mask) this.first++;
    if (frame.direction === 'sent') flags |= Flag.SENT;
    if (frame.dropped) flags |= Flag.DROPPED;
    this.#at[i] = frame.at;
    this.#frame[i] = frame.seq;
    this.#request[i] = m.request;
    this.#subject[i] = m.subject;
    this.#publication[i] = m.publication;
    this.#bytes[i] = frame.end - frame.start;
    this.#code[i] = m.code;
    this.#session[i] = frame.session;
    // CHALLENGE has an authmethod where others have a URI; the signature of AUTHENTICATE is never kept.
    this.#messageUri[i] = boundedText(m.code === Code.CHALLENGE ? m.text : m.uri);
    this.#messageOptions[i] = boundedDict(m.options);
    this.#payloadCount[i] = 0;
    if (action) flags |= this.#join(i, seq, frame, action);
    if (payload.count > 0 && !this.#keepPayload(seq, i, payload)) flags |= Flag.OMITTED;
    this.#flags[i] = flags;
  }

  #join(i: number, seq: number, frame: FrameFacts, action: TracedAction): number {
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
    this.#uri[i] = boundedText(action.uri);
    if (frame.seq === action.firstFrame) return Flag.KNOWN | Flag.ANCHOR;
    if (action.uri !== '' && (action.kind === 'unsubscribe' || action.kind === 'unregister')) {
      this.#tellAnchor(seq, action);
    }
    return Flag.KNOWN;
  }

  /** UNSUBSCRIBE and UNREGISTER tell an id: which URI that is comes with the reply, and belongs to both records. */
  #tellAnchor(seq: number, action: TracedAction): void {
    this.amendments.uri(action.firstFrame, action.uri);
    for (let earlier = seq - 1; earlier >= this.first; earlier--) {
      const i = earlier & this.#mask;
      if (this.#frame[i]! < action.firstFrame) return;
      if (this.#frame[i] === action.firstFrame) this.#uri[i] = action.uri;
    }
  }

  #keepPayload(seq: number, i: number, payload: Payload): boolean {
    const ring = this.#payloads;
    if (!ring) return false;
    const encoded = payload.serializer ? payload : payload.in(this.#codec);
    const firstKept = ring.write(i, seq, encoded.bytes, encoded.start, encoded.end);
    if (firstKept < 0) return false;
    if (firstKept > this.first) this.first = firstKept;
    this.#payloadCount[i] = payload.count;
    this.#payloadCodec[i] = encoded.serializer as NamedCodec;
    return true;
  }

  /** Marks the record of frame `frameSeq`, if it is here. */
  markLast(frameSeq: number): void {
    this.amendments.last(frameSeq);
    // Records are in the order of their frames.
    let low = this.first;
    let high = this.next - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#frame[middle & this.#mask]! < frameSeq) low = middle + 1;
      else high = middle;
    }
    if (low <= high && this.#frame[low & this.#mask] === frameSeq) this.#flags[low & this.#mask]! |= Flag.LAST;
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
    const count = this.#payloadCount[i]!;
    return {
      at: this.#at[i]!,
      frame: this.#frame[i]!,
      session: this.#session[i]!,
      flags: this.#flags[i]!,
      code: this.#code[i]!,
      request: this.#request[i]!,
      subject: this.#subject[i]!,
      publication: this.#publication[i]!,
      messageUri: this.#messageUri[i]!,
      options: this.#messageOptions[i]!,
      uri: this.#uri[i]!,
      ids: this.#ids,
      idsAt: i * 8,
      bytes: this.#bytes[i]!,
      payload: count > 0 ? this.#payloads!.read(i) : undefined,
      payloadCount: count,
      payloadSerializer: count > 0 ? this.#payloadCodec[i]!.name : 'json',
    };
  }

  #record(seq: number): LoggedMessage {
    const i = seq & this.#mask;
    const flags = this.#flags[i]!;
    const id = (word: number): number => this.#ids[i * 8 + word]!;
    const known = (flags & Flag.KNOWN) !== 0;
    return {
      seq,
      at: this.#at[i]!,
      session: this.#session[i]!,
      direction: flags & Flag.SENT ? 'sent' : 'received',
      code: this.#code[i]!,
      request: this.#request[i]!,
      subject: this.#subject[i]!,
      publication: this.#publication[i]!,
      messageUri: this.#messageUri[i]!,
      options: this.#messageOptions[i]!,
      payload: this.#payload(i),
      payloadOmitted: (flags & Flag.OMITTED) !== 0,
      bytes: this.#bytes[i]!,
      dropped: (flags & Flag.DROPPED) !== 0,
      correlation: known ? uuid(id(0), id(1), id(2), id(3)) : null,
      traceId: known ? hexWord(id(4)) + hexWord(id(5)) + hexWord(id(6)) + hexWord(id(7)) : null,
      uri: known ? this.#uri[i]! : null,
      anchor: (flags & Flag.ANCHOR) !== 0,
      last: (flags & Flag.LAST) !== 0,
      late: (flags & Flag.LATE) !== 0,
    };
  }

  #payload(i: number): readonly unknown[] | undefined {
    const count = this.#payloadCount[i]!;
    if (!this.#payloads || count === 0) return undefined;
    const bytes = this.#payloads.read(i);
    const { args, kwargs } = this.#payloadCodec[i]!.decodePayload(bytes, 0, bytes.length, count);
    return count === 2 ? [args, kwargs] : [args];
  }
}
