/** Owns the records of one native trace in memory: which are kept, what is written of a message, what is read of it. */

import type { Frame } from '../tap.js';
import type { RemoteParent, TracedAction } from '../trace/action.js';
import { messageChild } from '../trace/message-child.js';
import { Reason } from '../trace/sampling/reason.js';
import { Code } from '../wire/codes.js';
import { EMPTY_DICT, type Message } from '../wire/message.js';
import { Amendments } from './amendments.js';
import { boundedText, MAX_TEXT } from './bounded.js';
import { KeptPayloads, type NamedCodec } from './kept-payloads.js';
import { LateKeeps } from './late-keeps.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import type { RecordBlockWriter } from './record-block.js';
import { RecordColumns } from './record-columns.js';
import { Body, Kind, Row } from './record-layout.js';
import { readRecord } from './record-reading.js';

export interface RingOptions {
  /** Records kept. */
  readonly maxRecords: number;
  /** Octets kept of payloads, and octets kept of options; the records of older ones are dropped. */
  readonly maxBytes: number;
  /** Keep payloads. */
  readonly payload: boolean;
  /** Keys whose values are blotted out, at any depth of a payload. */
  readonly redact: readonly string[];
  /** Encodes the payloads of the router's own making. */
  readonly codec: NamedCodec;
}

/** What of a frame a record is made of; a held-back one is a copy with a payload of its own. */
export type FrameFacts = Pick<Frame, 'seq' | 'at' | 'session' | 'direction' | 'message' | 'octets' | 'dropped'>;

/** Records of the front, a power of two: few enough to stay in a first cache of 48 KiB, with their payloads. */
const FRONT = 128;

/**
 * A record is a row and a body. The rows of a fan-out share one body, and a message that passes a payload on shares its
 * octets. Records are written to a front, which goes to the ring as a whole when it is full: written one by one, each would
 * wait for the memory that it goes to, which takes longer than all else there is to do for it.
 */
export class RecordRing {
  readonly #maxRecords: number;
  /** Records for which there is room, a power of two. */
  readonly #capacity: number;
  readonly #maxWeight: number;
  readonly #ring: RecordColumns;
  readonly #front: RecordColumns;
  readonly #room: number;
  // Of the front.
  readonly #rowDoubles: Float64Array;
  readonly #rowWords: Int32Array;
  readonly #bodyDoubles: Float64Array;
  readonly #bodyWords: Int32Array;
  readonly #sessions: (LoggedSession | undefined)[];
  readonly #uris: (string | undefined)[];
  readonly #payloads: KeptPayloads | undefined;
  readonly amendments = new Amendments();
  /** Actions whose spans are kept since their end. */
  readonly lateKeeps = new LateKeeps();
  /** Number of the next record, and of the first in the front. */
  next = 0;
  #frontFirst = 0;
  /** Number of the oldest record that has not been overwritten. */
  #first = 0;
  /** The oldest record that has not been asked for its payload, and the oldest whose options have not been released. */
  #looked = 0;
  #lightest = 0;
  /** Number of the newest body. As many as there are rows may begin with the number of the front's first row. */
  #body = -1;
  /** The EVENT that it was made of, and whether its payload has been kept. Other messages have one record each. */
  #event: Message | undefined;
  #hasPayload = false;

  constructor(options: RingOptions) {
    const n = 2 ** Math.ceil(Math.log2(options.maxRecords));
    this.#maxRecords = options.maxRecords;
    this.#capacity = n;
    this.#maxWeight = options.maxBytes;
    this.#room = Math.max(1, Math.min(FRONT, n >> 1));
    this.#ring = new RecordColumns(n);
    this.#front = new RecordColumns(this.#room);
    this.#rowDoubles = this.#front.rows.doubles;
    this.#rowWords = this.#front.rows.words;
    this.#bodyDoubles = this.#front.bodies.doubles;
    this.#bodyWords = this.#front.bodies.words;
    this.#sessions = this.#front.sessions;
    this.#uris = this.#front.uris;
    if (options.payload) this.#payloads = new KeptPayloads(options.maxBytes, options.redact, options.codec);
  }

  /** Number of the oldest record that is kept: those before one whose payload has gone go with it. */
  get first(): number {
    const payloads = this.#payloads;
    if (payloads === undefined) return this.#first;
    const { oldest } = payloads.ring;
    let seq = Math.max(this.#looked, this.#first);
    for (; seq < this.next; seq++) {
      const columns = this.#columnsOf(seq);
      const body = columns.bodyOf(seq);
      if ((columns.kindOf(body) & Kind.countMask) === 0) continue;
      if (columns.placeOf(body) >= oldest) break;
      this.#first = seq + 1;
    }
    this.#looked = seq;
    return this.#first;
  }

  #columnsOf(seq: number): RecordColumns {
    return seq >= this.#frontFirst ? this.#front : this.#ring;
  }

  /** Appends a record; `flags` are those that only the caller knows. */
  put(frame: FrameFacts, action: TracedAction | undefined, flags: number): void {
    const { message } = frame;
    const seq = this.next;
    if (seq - this.#frontFirst === this.#room) this.#retire();
    this.next = seq + 1;
    if (seq - this.#first === this.#maxRecords) this.#first++;
    if (message !== this.#event) this.#newBody(frame, message, action);
    if (frame.direction === 'sent') flags |= Flag.SENT;
    if (frame.dropped === true) flags |= Flag.DROPPED;
    if (action !== undefined) flags |= frame.seq === action.firstFrame ? Flag.KNOWN | Flag.ANCHOR : Flag.KNOWN;
    if (this.#hasPayload === false && message.payload.count > 0) flags |= Flag.OMITTED;
    const doubles = this.#rowDoubles;
    const words = this.#rowWords;
    const i = seq - this.#frontFirst;
    const d = i * Row.doubles;
    const w = i * Row.words;
    doubles[d + Row.at] = frame.at;
    doubles[d + Row.frame] = frame.seq;
    words[w + Row.bytes] = frame.octets;
    words[w + Row.body] = this.#body;
    words[w + Row.flags] = flags;
    this.#sessions[i] = frame.session;
    if (this.#ring.weight + this.#front.weight > this.#maxWeight) this.#shed();
  }

  #retire(): void {
    this.#ring.take(this.#front, this.#frontFirst, this.#body + 1 - this.#frontFirst);
    this.#frontFirst = this.next;
    this.#body = this.next - 1;
    // A body goes with the rows that were written with it, so the next row has one of its own.
    this.#event = undefined;
  }

  #newBody(frame: FrameFacts, m: Message, action: TracedAction | undefined): void {
    const body = ++this.#body;
    const doubles = this.#bodyDoubles;
    const words = this.#bodyWords;
    const i = body - this.#frontFirst;
    const d = i * Body.doubles;
    const w = i * Body.words;
    const { code } = m;
    let kind: number = code;
    // To note a young object in an old one costs more than to ask.
    if (code === Code.EVENT) this.#event = m;
    else if (this.#event !== undefined) this.#event = undefined;
    doubles[d + Body.first] = code === Code.EVENT ? m.publication : m.request;
    doubles[d + Body.second] = code === Code.PUBLISHED ? m.publication : m.subject;
    if (action !== undefined) {
      doubles[d + Body.anchor] = action.firstFrame;
      words[w + Body.id] = action.id0;
      words[w + Body.id + 1] = action.id1;
      words[w + Body.id + 2] = action.id2;
      words[w + Body.id + 3] = action.id3;
      if (action.parent !== undefined) kind |= this.#keepTrace(w, action.parent);
      if (action.sampled !== Reason.none) kind |= Kind.kept;
      if (action.invoked > 0 || code === Code.EVENT) {
        kind |= Math.min(messageChild(action, frame), Kind.maxChild) << Kind.childShift;
      }
      const { uri } = action;
      this.#uris[i] = uri.length > MAX_TEXT ? boundedText(uri) : uri;
      if (code === Code.UNSUBSCRIBED || code === Code.UNREGISTERED) this.#tellAnchor(action);
    }
    if (action === undefined || code === Code.ERROR || code <= Code.GOODBYE) kind |= this.#keepUri(i, m);
    if (m.options !== EMPTY_DICT) {
      this.#front.keepOptions(i, m.options);
      kind |= Kind.options;
    }
    this.#hasPayload = false;
    if (m.payload.count > 0 && this.#payloads !== undefined) {
      const payloads = this.#payloads;
      payloads.keep(m.payload);
      doubles[d + Body.payloadAt] = payloads.at;
      words[w + Body.payloadLength] = payloads.length;
      kind |= payloads.kind;
      this.#hasPayload = payloads.kind !== 0;
    }
    words[w + Body.kind] = kind;
  }

  /** The trace id of an action that joined a trace. */
  #keepTrace(w: number, { trace0, trace1, trace2, trace3 }: RemoteParent): number {
    const words = this.#bodyWords;
    words[w + Body.trace] = trace0;
    words[w + Body.trace + 1] = trace1;
    words[w + Body.trace + 2] = trace2;
    words[w + Body.trace + 3] = trace3;
    return Kind.joined;
  }

  /** CHALLENGE has an authmethod where others have a URI; the signature of AUTHENTICATE is never kept. */
  #keepUri(i: number, m: Message): number {
    this.#front.ownUris[i] = boundedText(m.code === Code.CHALLENGE ? m.text : m.uri);
    return Kind.uri;
  }

  /** Drops the oldest records until the options of the rest weigh little enough. */
  #shed(): void {
    // From the oldest that is not overwritten, kept or not: records that have expired still have their options.
    let seq = Math.max(this.#lightest, this.next - this.#capacity);
    for (; this.#ring.weight + this.#front.weight > this.#maxWeight && seq < this.next - 1; seq++) {
      const columns = this.#columnsOf(seq);
      const body = columns.bodyOf(seq);
      // The rows of a fan-out go one by one, their body with the last.
      if (this.#columnsOf(seq + 1) !== columns || columns.bodyOf(seq + 1) !== body) columns.releaseOptions(body);
    }
    this.#lightest = seq;
    this.#first = Math.max(this.#first, seq);
  }

  /** UNSUBSCRIBE and UNREGISTER tell an id: which URI that is comes with the reply, and belongs to both records. */
  #tellAnchor(action: TracedAction): void {
    this.amendments.uri(action.firstFrame, action.uri);
    for (let seq = this.next - 2; seq >= this.#first && this.frameOf(seq) >= action.firstFrame; seq--) {
      if (this.frameOf(seq) > action.firstFrame) continue;
      const columns = this.#columnsOf(seq);
      columns.uris[columns.bodyOf(seq) & columns.mask] = action.uri;
    }
  }

  /** `Frame.seq` of a record that is here. */
  frameOf(seq: number): number {
    return this.#columnsOf(seq).frameOf(seq);
  }

  /** Marks the record of frame `frameSeq`, if it is here. */
  markLast(frameSeq: number): void {
    this.amendments.last(frameSeq);
    // Records are in the order of their frames, and mostly it is the newest.
    let low = this.#first;
    let high = this.next - 1;
    if (low <= high && this.frameOf(high) === frameSeq) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.frameOf(middle) < frameSeq) low = middle + 1;
      else high = middle;
    }
    if (low > high || this.frameOf(low) !== frameSeq) return;
    this.#columnsOf(low).mark(low, Flag.LAST);
  }

  /** Drops records older than `at`. */
  dropBefore(at: number): void {
    let seq = this.first;
    while (seq < this.next && this.#columnsOf(seq).atOf(seq) < at) seq++;
    this.#first = seq;
  }

  /** Records `from` to `to`, both included, as far as they are kept. */
  read(from: number, to: number): LoggedMessage[] {
    const records: LoggedMessage[] = [];
    const end = Math.min(to, this.next - 1);
    for (let seq = Math.max(from, this.first); seq <= end; seq++) records.push(this.#record(seq));
    return records;
  }

  #record(seq: number): LoggedMessage {
    const columns = this.#columnsOf(seq);
    const { rows, bodies, mask, sessions, uris, ownUris } = columns;
    const body = columns.bodyOf(seq) & mask;
    const kind = columns.kindOf(body);
    const length = bodies.words[body * Body.words + Body.payloadLength]!;
    return readRecord(seq, rows, seq & mask, bodies, body, {
      session: sessions[seq & mask]!,
      uri: uris[body] ?? '',
      ownUri: ownUris[body],
      options: (kind & Kind.options ? columns.options(body) : undefined) ?? EMPTY_DICT,
      payload: kind & Kind.countMask ? this.#payloads!.values(columns.placeOf(body), length, kind) : undefined,
      isKept: this.lateKeeps.has(columns.anchorOf(body)),
      isLast: false,
    });
  }

  /** Adds record `seq`, which must be here, to a block; true when the block is full. */
  copyTo(writer: RecordBlockWriter, seq: number): boolean {
    const columns = this.#columnsOf(seq);
    const { rows, bodies, mask, sessions, uris, ownUris } = columns;
    const number = columns.bodyOf(seq);
    if (!writer.hasBody(number)) {
      const body = number & mask;
      const kind = columns.kindOf(body) | (this.lateKeeps.has(columns.anchorOf(body)) ? Kind.kept : 0);
      const options = columns.options(body) ?? EMPTY_DICT;
      writer.addBody(bodies, body, number, kind, this.#payloads?.ring, uris[body] ?? '', ownUris[body], options);
    }
    return writer.addRow(rows, seq & mask, sessions[seq & mask]!);
  }
}
