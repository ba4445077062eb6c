/** Owns the memory of one native trace: a bounded ring of columns, written on the hot path, made into records when read. */

import type { Frame } from '../tap.js';
import { hexWord, type TracedAction, uuid } from '../trace/action.js';
import { messageSpan } from '../trace/message-span.js';
import { Reason } from '../trace/sampling/reason.js';
import { Code } from '../wire/codes.js';
import { type Dict, EMPTY_DICT, type Message } from '../wire/message.js';
import { NO_PAYLOAD, type Payload, type PayloadCodec } from '../wire/payload.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import { Amendments } from './amendments.js';
import { boundedDict, boundedText, weightOf } from './bounded.js';
import { LateKeeps } from './late-keeps.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import { PayloadRing } from './payload-ring.js';
import type { BlockRow } from './record-block.js';
import {
  BODY_DOUBLES,
  BODY_REFS,
  BODY_WORDS,
  Body,
  COUNT_SHIFT,
  Ref,
  ROW_DOUBLES,
  ROW_WORDS,
  Row,
} from './record-layout.js';
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
 * octets. Bodies are numbered like rows and there are never more of them, so that a body outlives its rows. Both are
 * packed: what is written together lies together.
 */
export class RecordRing {
  readonly #codec: NamedCodec;
  readonly #redact: readonly string[];
  readonly #mask: number;
  readonly #maxWeight: number;
  readonly #rowDoubles: Float64Array;
  readonly #rowWords: Uint32Array;
  readonly #session: (LoggedSession | undefined)[];
  readonly #bodyDoubles: Float64Array;
  readonly #bodyWords: Int32Array;
  readonly #bodyRefs: (string | Dict | NamedCodec | undefined)[];
  readonly #payloads: PayloadRing | undefined;
  readonly amendments = new Amendments();
  /** Number of the oldest record that is kept, and of the next. */
  first = 0;
  next = 0;
  #nextBody = 0;
  /** What the newest body was made of, and the payload that was kept last. */
  #message: Message | undefined;
  #action: TracedAction | undefined;
  #payload: Payload = NO_PAYLOAD;
  #payloadBody = 0;
  /** Actions whose spans are kept since their end. */
  readonly lateKeeps = new LateKeeps();
  /** Octets of all options that are kept, and the oldest record that still has its own. */
  #weight = 0;
  #lightest = 0;

  constructor(options: RingOptions) {
    const n = options.maxRecords;
    this.#codec = options.codec;
    this.#redact = options.redact;
    this.#mask = n - 1;
    this.#maxWeight = options.maxBytes;
    this.#rowDoubles = new Float64Array(n * ROW_DOUBLES);
    this.#rowWords = new Uint32Array(this.#rowDoubles.buffer);
    this.#session = new Array<LoggedSession | undefined>(n).fill(undefined);
    this.#bodyDoubles = new Float64Array(n * BODY_DOUBLES);
    this.#bodyWords = new Int32Array(this.#bodyDoubles.buffer);
    this.#bodyRefs = new Array<undefined>(n * BODY_REFS).fill(undefined);
    this.#payloads = options.payload ? new PayloadRing(n, options.maxBytes) : undefined;
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
      if (this.#count(body) === 0) flags |= Flag.OMITTED;
      else if (shares) this.#payloads!.share(seq);
    }
    const doubles = this.#rowDoubles;
    const words = this.#rowWords;
    doubles[i * ROW_DOUBLES + Row.at] = frame.at;
    doubles[i * ROW_DOUBLES + Row.frame] = frame.seq;
    words[i * ROW_WORDS + Row.bytes] = frame.octets;
    words[i * ROW_WORDS + Row.body] = body;
    words[i * ROW_WORDS + Row.flags] = flags;
    this.#session[i] = frame.session;
    if (this.#weight > this.#maxWeight) this.#shed();
  }

  #newBody(seq: number, frame: FrameFacts, action: TracedAction | undefined): void {
    const { message: m } = frame;
    const body = this.#nextBody++ & this.#mask;
    this.#message = m;
    this.#action = action;
    const doubles = this.#bodyDoubles;
    const refs = this.#bodyRefs;
    doubles[body * BODY_DOUBLES + Body.request] = m.request;
    doubles[body * BODY_DOUBLES + Body.subject] = m.subject;
    doubles[body * BODY_DOUBLES + Body.publication] = m.publication;
    // CHALLENGE has an authmethod where others have a URI; the signature of AUTHENTICATE is never kept.
    refs[body * BODY_REFS + Ref.messageUri] = boundedText(m.code === Code.CHALLENGE ? m.text : m.uri);
    this.#keepOptions(body, boundedDict(m.options));
    if (action) this.#join(seq, body, frame, action);
    const { payload } = m;
    const count = this.#payloads && payload.count > 0 ? this.#keepPayload(seq, body, payload) : 0;
    this.#bodyWords[body * BODY_WORDS + Body.code] = m.code | (count << COUNT_SHIFT);
  }

  #keepOptions(body: number, options: Dict): void {
    const at = body * BODY_WORDS + Body.weight;
    const weight = weightOf(options);
    // Reading what stood here waits for memory; mostly nobody has options.
    if (weight > 0 || this.#weight > 0) this.#weight += weight - this.#bodyWords[at]!;
    this.#bodyWords[at] = weight;
    this.#bodyRefs[body * BODY_REFS + Ref.options] = options;
  }

  /** Drops the oldest records until the options of the rest weigh little enough. */
  #shed(): void {
    let seq = Math.max(this.#lightest, this.next - 1 - this.#mask);
    for (; this.#weight > this.#maxWeight && seq < this.next - 1; seq++) {
      const body = this.#rowWords[(seq & this.#mask) * ROW_WORDS + Row.body]!;
      // The rows of a fan-out go one by one, their body with the last.
      if (this.#rowWords[((seq + 1) & this.#mask) * ROW_WORDS + Row.body] !== body) this.#keepOptions(body, EMPTY_DICT);
    }
    this.#lightest = seq;
    this.first = Math.max(this.first, seq);
  }

  /** Elements of the payload that were kept. */
  #count(body: number): number {
    return this.#bodyWords[body * BODY_WORDS + Body.code]! >>> COUNT_SHIFT;
  }

  #join(seq: number, body: number, frame: FrameFacts, action: TracedAction): void {
    const words = this.#bodyWords;
    const at = body * BODY_WORDS + Body.ids;
    words[at] = action.id0;
    words[at + 1] = action.id1;
    words[at + 2] = action.id2;
    words[at + 3] = action.id3;
    words[at + 4] = action.trace0;
    words[at + 5] = action.trace1;
    words[at + 6] = action.trace2;
    words[at + 7] = action.trace3;
    const span = body * BODY_WORDS + Body.span;
    words[span] = action.span0;
    words[span + 1] = messageSpan(action, frame);
    words[body * BODY_WORDS + Body.kept] = action.sampled === Reason.none ? 0 : 1;
    this.#bodyDoubles[body * BODY_DOUBLES + Body.anchor] = action.firstFrame;
    this.#bodyRefs[body * BODY_REFS + Ref.uri] = boundedText(action.uri);
    if (action.uri !== '' && (action.kind === 'unsubscribe' || action.kind === 'unregister')) {
      this.#tellAnchor(seq, action);
    }
  }

  /** UNSUBSCRIBE and UNREGISTER tell an id: which URI that is comes with the reply, and belongs to both records. */
  #tellAnchor(seq: number, action: TracedAction): void {
    this.amendments.uri(action.firstFrame, action.uri);
    for (let earlier = seq - 1; earlier >= this.first && this.#frameOf(earlier) >= action.firstFrame; earlier--) {
      if (this.#frameOf(earlier) > action.firstFrame) continue;
      const body = this.#rowWords[(earlier & this.#mask) * ROW_WORDS + Row.body]!;
      this.#bodyRefs[body * BODY_REFS + Ref.uri] = action.uri;
    }
  }

  /** Returns the number of its elements, or 0 when it is too long to be kept. */
  #keepPayload(seq: number, body: number, payload: Payload): number {
    const ring = this.#payloads!;
    const words = this.#bodyWords;
    const refs = this.#bodyRefs;
    if (payload === this.#payload) {
      // Passed on, as that of a CALL in its INVOCATION: the octets are there already.
      const before = this.#payloadBody;
      ring.share(seq);
      words[body * BODY_WORDS + Body.payloadAt] = words[before * BODY_WORDS + Body.payloadAt]!;
      words[body * BODY_WORDS + Body.payloadLength] = words[before * BODY_WORDS + Body.payloadLength]!;
      refs[body * BODY_REFS + Ref.codec] = refs[before * BODY_REFS + Ref.codec];
      return payload.count;
    }
    this.#payload = NO_PAYLOAD;
    const told = this.#redact.length > 0 ? redacted(payload, this.#redact) : payload;
    const encoded = told.serializer ? told : told.in(this.#codec);
    const at = ring.write(seq, encoded.bytes, encoded.start, encoded.end);
    if (at < 0) return 0;
    if (ring.lost > this.first) this.first = ring.lost;
    words[body * BODY_WORDS + Body.payloadAt] = at;
    words[body * BODY_WORDS + Body.payloadLength] = encoded.end - encoded.start;
    refs[body * BODY_REFS + Ref.codec] = encoded.serializer as NamedCodec;
    this.#payload = payload;
    this.#payloadBody = body;
    return payload.count;
  }

  #frameOf(seq: number): number {
    return this.#rowDoubles[(seq & this.#mask) * ROW_DOUBLES + Row.frame]!;
  }

  /** Marks the record of frame `frameSeq`, if it is here. */
  markLast(frameSeq: number): void {
    this.amendments.last(frameSeq);
    // Records are in the order of their frames, and mostly it is the newest.
    let low = this.first;
    let high = this.next - 1;
    if (low <= high && this.#frameOf(high) === frameSeq) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#frameOf(middle) < frameSeq) low = middle + 1;
      else high = middle;
    }
    if (low > high || this.#frameOf(low) !== frameSeq) return;
    this.#rowWords[(low & this.#mask) * ROW_WORDS + Row.flags]! |= Flag.LAST;
  }

  /** Drops records older than `at`. */
  dropBefore(at: number): void {
    const doubles = this.#rowDoubles;
    while (this.first < this.next && doubles[(this.first & this.#mask) * ROW_DOUBLES + Row.at]! < at) this.first++;
  }

  /** Records `from` to `to`, both included, as far as they are kept. */
  read(from: number, to: number): LoggedMessage[] {
    const records: LoggedMessage[] = [];
    const end = Math.min(to, this.next - 1);
    for (let seq = Math.max(from, this.first); seq <= end; seq++) records.push(this.#record(seq));
    return records;
  }

  /** What record `seq` is made of, for a store. */
  row(seq: number): BlockRow {
    const i = seq & this.#mask;
    const body = this.#rowWords[i * ROW_WORDS + Row.body]!;
    const refs = this.#bodyRefs;
    const count = this.#count(body);
    return {
      at: this.#rowDoubles[i * ROW_DOUBLES + Row.at]!,
      frame: this.#frameOf(seq),
      session: this.#session[i]!,
      flags: this.#rowWords[i * ROW_WORDS + Row.flags]!,
      code: this.#bodyWords[body * BODY_WORDS + Body.code]! & 255,
      request: this.#bodyDoubles[body * BODY_DOUBLES + Body.request]!,
      subject: this.#bodyDoubles[body * BODY_DOUBLES + Body.subject]!,
      publication: this.#bodyDoubles[body * BODY_DOUBLES + Body.publication]!,
      messageUri: refs[body * BODY_REFS + Ref.messageUri] as string,
      options: refs[body * BODY_REFS + Ref.options] as Dict,
      uri: (refs[body * BODY_REFS + Ref.uri] ?? '') as string,
      ids: this.#bodyWords,
      idsAt: body * BODY_WORDS + Body.ids,
      bytes: this.#rowWords[i * ROW_WORDS + Row.bytes]!,
      payload: count > 0 ? this.#octets(body) : undefined,
      payloadCount: count,
      payloadSerializer: count > 0 ? this.#codecOf(body).name : 'json',
    };
  }

  #record(seq: number): LoggedMessage {
    const row = this.row(seq);
    const { flags, ids, idsAt, payload, payloadCount, session } = row;
    const known = (flags & Flag.KNOWN) !== 0;
    const trace = idsAt + 4;
    return {
      seq,
      at: row.at,
      session,
      direction: flags & Flag.SENT ? 'sent' : 'received',
      code: row.code,
      request: row.request,
      subject: row.subject,
      publication: row.publication,
      messageUri: row.messageUri,
      options: row.options,
      payload: payload && this.#values(seq, payload, payloadCount),
      payloadOmitted: (flags & Flag.OMITTED) !== 0,
      bytes: row.bytes,
      dropped: (flags & Flag.DROPPED) !== 0,
      correlation: known ? uuid(ids[idsAt]!, ids[idsAt + 1]!, ids[idsAt + 2]!, ids[idsAt + 3]!) : null,
      traceId: known
        ? hexWord(ids[trace]!) + hexWord(ids[trace + 1]!) + hexWord(ids[trace + 2]!) + hexWord(ids[trace + 3]!)
        : null,
      spanId: known ? this.#spanOf(seq) : null,
      uri: known ? row.uri : null,
      anchor: (flags & Flag.ANCHOR) !== 0,
      last: (flags & Flag.LAST) !== 0,
      late: (flags & Flag.LATE) !== 0,
    };
  }

  #spanOf(seq: number): string | null {
    const body = this.#rowWords[(seq & this.#mask) * ROW_WORDS + Row.body]!;
    const words = this.#bodyWords;
    const isKept =
      words[body * BODY_WORDS + Body.kept] !== 0 ||
      this.lateKeeps.has(this.#bodyDoubles[body * BODY_DOUBLES + Body.anchor]!);
    if (!isKept) return null;
    return hexWord(words[body * BODY_WORDS + Body.span]!) + hexWord(words[body * BODY_WORDS + Body.span + 1]!);
  }

  #octets(body: number): Buffer {
    const at = body * BODY_WORDS;
    return this.#payloads!.read(this.#bodyWords[at + Body.payloadAt]! >>> 0, this.#bodyWords[at + Body.payloadLength]!);
  }

  #codecOf(body: number): NamedCodec {
    return this.#bodyRefs[body * BODY_REFS + Ref.codec] as NamedCodec;
  }

  #values(seq: number, payload: Uint8Array, count: number): readonly unknown[] {
    const codec = this.#codecOf(this.#rowWords[(seq & this.#mask) * ROW_WORDS + Row.body]!);
    const { args, kwargs } = codec.decodePayload(payload, 0, payload.length, count);
    return count === 2 ? [args, kwargs] : [args];
  }
}
