/** Owns the memory of one native trace: a bounded ring of columns, written on the hot path, made into records when read. */

import type { Frame } from '../tap.js';
import type { RemoteParent, TracedAction } from '../trace/action.js';
import { messageChild } from '../trace/message-child.js';
import { Reason } from '../trace/sampling/reason.js';
import { Code } from '../wire/codes.js';
import { type Dict, EMPTY_DICT, type Message } from '../wire/message.js';
import { NO_PAYLOAD, type Payload, type PayloadCodec } from '../wire/payload.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import { Amendments } from './amendments.js';
import { boundedText, MAX_TEXT } from './bounded.js';
import { KeptOptions } from './kept-options.js';
import { LateKeeps } from './late-keeps.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import { PayloadRing } from './payload-ring.js';
import type { RecordBlockWriter } from './record-block.js';
import { Body, CODECS, Kind, type Numbers, numbersOf, Row } from './record-layout.js';
import { payloadValues, readRecord } from './record-reading.js';
import { redacted } from './redaction.js';

/** Decodes and encodes payloads; a serializer. */
export interface NamedCodec extends PayloadCodec {
  readonly name: SerializerName;
}

export interface RingOptions {
  /** Records kept; a power of two. */
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

/**
 * A record is a row and a body. The rows of a fan-out share one body, and a message that passes a payload on shares its
 * octets. There are as many bodies as rows, so that a body outlives its rows; both are written in their order. What few
 * messages have, options and a URI that is not their action's, lies apart.
 */
export class RecordRing {
  readonly #codec: NamedCodec;
  readonly #redact: readonly string[];
  readonly #mask: number;
  readonly #maxWeight: number;
  readonly #rows: Numbers;
  readonly #rowDoubles: Float64Array;
  readonly #rowWords: Int32Array;
  readonly #sessions: (LoggedSession | undefined)[];
  readonly #bodies: Numbers;
  readonly #bodyDoubles: Float64Array;
  readonly #bodyWords: Int32Array;
  readonly #uris: (string | undefined)[];
  readonly #ownUris: (string | undefined)[];
  readonly #options: KeptOptions;
  readonly #payloads: PayloadRing | undefined;
  readonly amendments = new Amendments();
  /** Number of the next record. */
  next = 0;
  /** Number of the oldest record that has not been overwritten. */
  #first = 0;
  /** The oldest record that has not been asked for its payload. */
  #looked = 0;
  #body = -1;
  /** What the newest body was made of. */
  #message: Message | undefined;
  /** The payload that was kept last, and where. */
  #payload: Payload = NO_PAYLOAD;
  #payloadAt = 0;
  #payloadLength = 0;
  #payloadKind = 0;
  readonly #codecs: NamedCodec[] = [];
  /** Actions whose spans are kept since their end. */
  readonly lateKeeps = new LateKeeps();
  /** The oldest record whose options have not been released. */
  #lightest = 0;

  constructor(options: RingOptions) {
    const n = options.maxRecords;
    this.#codec = options.codec;
    this.#redact = options.redact;
    this.#mask = n - 1;
    this.#maxWeight = options.maxBytes;
    this.#rows = numbersOf(n, Row.doubles);
    this.#rowDoubles = this.#rows.doubles;
    this.#rowWords = this.#rows.words;
    this.#sessions = new Array<LoggedSession | undefined>(n).fill(undefined);
    this.#bodies = numbersOf(n, Body.doubles);
    this.#bodyDoubles = this.#bodies.doubles;
    this.#bodyWords = this.#bodies.words;
    this.#uris = new Array<undefined>(n).fill(undefined);
    this.#ownUris = new Array<undefined>(n).fill(undefined);
    this.#options = new KeptOptions(n);
    this.#payloads = options.payload ? new PayloadRing(options.maxBytes) : undefined;
  }

  /** Number of the oldest record that is kept: those before one whose payload has gone go with it. */
  get first(): number {
    const payloads = this.#payloads;
    if (!payloads) return this.#first;
    const { oldest } = payloads;
    let seq = Math.max(this.#looked, this.#first);
    for (; seq < this.next; seq++) {
      const body = this.#rowWords[(seq & this.#mask) * Row.words + Row.body]!;
      if ((this.#bodyWords[body * Body.words + Body.kind]! & Kind.countMask) === 0) continue;
      if (this.#bodyDoubles[body * Body.doubles + Body.payloadAt]! >= oldest) break;
      this.#first = seq + 1;
    }
    this.#looked = seq;
    return this.#first;
  }

  /** Appends a record; `flags` are those that only the caller knows. */
  put(frame: FrameFacts, action: TracedAction | undefined, flags: number): void {
    const { message } = frame;
    const seq = this.next++;
    const i = seq & this.#mask;
    if (seq - this.#first > this.#mask) this.#first++;
    if (message !== this.#message) this.#newBody(frame, message, action);
    const body = this.#body;
    if (frame.direction === 'sent') flags |= Flag.SENT;
    if (frame.dropped === true) flags |= Flag.DROPPED;
    if (action !== undefined) flags |= frame.seq === action.firstFrame ? Flag.KNOWN | Flag.ANCHOR : Flag.KNOWN;
    if (message.payload.count > 0 && (this.#bodyWords[body * Body.words + Body.kind]! & Kind.countMask) === 0) {
      flags |= Flag.OMITTED;
    }
    const doubles = this.#rowDoubles;
    const words = this.#rowWords;
    const d = i * Row.doubles;
    const w = i * Row.words;
    doubles[d + Row.at] = frame.at;
    doubles[d + Row.frame] = frame.seq;
    words[w + Row.bytes] = frame.octets;
    words[w + Row.body] = body;
    words[w + Row.flags] = flags;
    this.#sessions[i] = frame.session;
    if (this.#options.weight > this.#maxWeight) this.#shed();
  }

  #newBody(frame: FrameFacts, m: Message, action: TracedAction | undefined): void {
    const body = (this.#body + 1) & this.#mask;
    this.#body = body;
    this.#message = m;
    const doubles = this.#bodyDoubles;
    const words = this.#bodyWords;
    const d = body * Body.doubles;
    const w = body * Body.words;
    const { code } = m;
    let kind: number = code;
    // Reading what stood here waits for memory; mostly nobody has options.
    if (this.#options.weight > 0) this.#options.release(body);
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
      this.#uris[body] = uri.length > MAX_TEXT ? boundedText(uri) : uri;
      if (code === Code.UNSUBSCRIBED || code === Code.UNREGISTERED) this.#tellAnchor(action);
    }
    if (action === undefined || code === Code.ERROR || code <= Code.GOODBYE) kind |= this.#keepUri(body, m);
    if (m.options !== EMPTY_DICT) {
      this.#options.keep(body, m.options);
      kind |= Kind.options;
    }
    const { payload } = m;
    if (payload.count > 0 && this.#payloads !== undefined) {
      if (payload !== this.#payload) this.#keepPayload(this.#payloads, payload);
      doubles[d + Body.payloadAt] = this.#payloadAt;
      words[w + Body.payloadLength] = this.#payloadLength;
      kind |= this.#payloadKind;
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
  #keepUri(body: number, m: Message): number {
    this.#ownUris[body] = boundedText(m.code === Code.CHALLENGE ? m.text : m.uri);
    return Kind.uri;
  }

  /** Drops the oldest records until the options of the rest weigh little enough. */
  #shed(): void {
    let seq = Math.max(this.#lightest, this.#first);
    for (; this.#options.weight > this.#maxWeight && seq < this.next - 1; seq++) {
      const body = this.#rowWords[(seq & this.#mask) * Row.words + Row.body]!;
      // The rows of a fan-out go one by one, their body with the last.
      if (this.#rowWords[((seq + 1) & this.#mask) * Row.words + Row.body] !== body) this.#options.release(body);
    }
    this.#lightest = seq;
    this.#first = Math.max(this.#first, seq);
  }

  /** UNSUBSCRIBE and UNREGISTER tell an id: which URI that is comes with the reply, and belongs to both records. */
  #tellAnchor(action: TracedAction): void {
    this.amendments.uri(action.firstFrame, action.uri);
    for (let seq = this.next - 2; seq >= this.#first && this.frameOf(seq) >= action.firstFrame; seq--) {
      if (this.frameOf(seq) > action.firstFrame) continue;
      this.#uris[this.#rowWords[(seq & this.#mask) * Row.words + Row.body]!] = action.uri;
    }
  }

  /** One that is passed on, as that of a CALL in its INVOCATION, is kept once. */
  #keepPayload(payloads: PayloadRing, payload: Payload): void {
    const told = this.#redact.length > 0 ? redacted(payload, this.#redact) : payload;
    const encoded = told.serializer ? told : told.in(this.#codec);
    const { start, end } = encoded;
    const at = payloads.write(encoded.bytes, start, end);
    this.#payload = payload;
    this.#payloadAt = at;
    this.#payloadLength = end - start;
    this.#payloadKind = at < 0 ? 0 : payload.count * Kind.count + this.#codecNumber(encoded.serializer as NamedCodec);
  }

  #codecNumber(codec: NamedCodec): number {
    const number = CODECS.indexOf(codec.name);
    this.#codecs[number] = codec;
    return number * Kind.codec;
  }

  frameOf(seq: number): number {
    return this.#rowDoubles[(seq & this.#mask) * Row.doubles + Row.frame]!;
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
    this.#rowWords[(low & this.#mask) * Row.words + Row.flags]! |= Flag.LAST;
  }

  /** Drops records older than `at`. */
  dropBefore(at: number): void {
    const doubles = this.#rowDoubles;
    let seq = this.first;
    while (seq < this.next && doubles[(seq & this.#mask) * Row.doubles + Row.at]! < at) seq++;
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
    const i = seq & this.#mask;
    const body = this.#rowWords[i * Row.words + Row.body]!;
    return readRecord(seq, this.#rows, i, this.#bodies, body, {
      session: this.#sessions[i]!,
      uri: this.#uris[body] ?? '',
      ownUri: this.#ownUris[body],
      options: this.#optionsOf(body),
      payload: this.#valuesOf(body),
      isKept: this.lateKeeps.has(this.#bodyDoubles[body * Body.doubles + Body.anchor]!),
      isLast: false,
    });
  }

  /** Adds record `seq`, which must be here, to a block; true when the block is full. */
  copyTo(writer: RecordBlockWriter, seq: number): boolean {
    const i = seq & this.#mask;
    const body = this.#rowWords[i * Row.words + Row.body]!;
    if (!writer.hasBody(body)) {
      const isKept = this.lateKeeps.has(this.#bodyDoubles[body * Body.doubles + Body.anchor]!);
      const kind = this.#kindOf(body) | (isKept ? Kind.kept : 0);
      const [uri, ownUri, options] = [this.#uris[body] ?? '', this.#ownUris[body], this.#optionsOf(body)];
      writer.addBody(this.#bodies, body, kind, this.#payloads, uri, ownUri, options);
    }
    return writer.addRow(this.#rows, i, this.#sessions[i]!);
  }

  #optionsOf(body: number): Dict {
    return this.#kindOf(body) & Kind.options ? this.#options.get(body) : EMPTY_DICT;
  }

  #valuesOf(body: number): readonly unknown[] | undefined {
    const kind = this.#kindOf(body);
    const count = (kind & Kind.countMask) / Kind.count;
    if (count === 0) return undefined;
    const octets = this.#octetsOf(body);
    return payloadValues(this.#codecOf(kind), octets, 0, octets.length, count);
  }

  #kindOf(body: number): number {
    return this.#bodyWords[body * Body.words + Body.kind]!;
  }

  #octetsOf(body: number): Buffer {
    const length = this.#bodyWords[body * Body.words + Body.payloadLength]!;
    return this.#payloads!.read(this.#bodyDoubles[body * Body.doubles + Body.payloadAt]!, length);
  }

  #codecOf(kind: number): NamedCodec {
    return this.#codecs[(kind & Kind.codecMask) / Kind.codec]!;
  }
}
