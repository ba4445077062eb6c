/** Owns the making of blocks: runs of records in the binary form that a store keeps. */

import type { MessageCode } from '../wire/codes.js';
import type { Dict } from '../wire/message.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import type { LoggedMessage, LoggedSession } from './logged-message.js';
import { Body, CODECS, Kind, type Numbers, numbersOf, Row } from './record-layout.js';
import { newBlock } from './store/block-layout.js';
import { StringTable, ValueWriter } from './store/block-values.js';

export { RecordBlockError } from './store/block-layout.js';
export { readRecordBlock } from './store/block-reader.js';

/** Columns cost memory per writer, and a block is the least that is read at once. */
const MAX_RECORDS = 1024;
/** A block with this many octets of payloads and options is full. */
const FULL_BYTES = 256 * 1024;
const INITIAL_PAYLOAD_BYTES = 64 * 1024;
const MAX_IDLE_PAYLOAD_BYTES = 1 << 20;
/** In UTF-8 a UTF-16 unit has at most three octets. */
const MAX_UNIT_BYTES = 3;

/** One record with a body of its own, field by field; `add` copies everything. */
export interface BlockRow extends Pick<LoggedMessage, 'at' | 'session' | 'messageUri' | 'options' | 'bytes'> {
  /** `Frame.seq` of the message: names the record in amendments. */
  readonly frame: number;
  /** Bits of `Flag`. */
  readonly flags: number;
  /** 0 for what is no message. */
  readonly code: MessageCode | 0;
  /** See `idsOf`. */
  readonly first: number;
  readonly second: number;
  readonly uri: string;
  /** Four words each. */
  readonly correlation: Int32Array;
  readonly trace: Int32Array;
  /** Payload octets as they stood in the message, and who decodes them; `undefined` without a kept payload. */
  readonly payload: Uint8Array | undefined;
  readonly payloadCount: number;
  readonly payloadSerializer: SerializerName;
}

/** Where the octets of a payload are read, by what `Body.payloadAt` says. */
export interface PayloadSource {
  read(place: number, length: number): Uint8Array;
}

/** A run of records, to be sealed and stored. Nobody else writes to the buffer. */
export interface RecordBlock {
  readonly buffer: ArrayBufferLike;
  readonly firstSeq: number;
  readonly count: number;
}

/** Collects records and makes blocks of them. It copies what it is given and allocates next to nothing per record. */
export class RecordBlockWriter {
  readonly #rows = numbersOf(MAX_RECORDS, Row.doubles);
  readonly #bodies = numbersOf(MAX_RECORDS, Body.doubles);
  /** Where a record lies that comes field by field. */
  readonly #row = numbersOf(1, Row.doubles);
  readonly #rowBody = numbersOf(1, Body.doubles);
  readonly #uris = new Uint32Array(MAX_RECORDS);
  readonly #ownUris = new Uint32Array(MAX_RECORDS);
  readonly #optionsAt = new Uint32Array(MAX_RECORDS);
  readonly #strings = new StringTable();
  readonly #values = new ValueWriter(this.#strings);
  readonly #sessions = new Map<LoggedSession, number>();
  #payloads = new Uint8Array(INITIAL_PAYLOAD_BYTES);
  #payloadsEnd = 0;
  #text = Buffer.allocUnsafeSlow(4096);
  #firstSeq: number;
  #count = 0;
  #bodyCount = 0;
  /** Number of the newest body where it came from, none at first; and the payload that was copied last, where it came from and is. */
  #body = Number.NaN;
  #place = -1;
  #placed = 0;
  /** Most records have the URI or the session of one before them. */
  #uri = '';
  #uriNumber = 0;
  #session: LoggedSession | undefined;
  #sessionNumber = 0;

  constructor(firstSeq = 0) {
    this.#firstSeq = firstSeq;
    this.#clear();
  }

  /** Number of the record that `add` will take. */
  get nextSeq(): number {
    return this.#firstSeq + this.#count;
  }

  /** Records waiting to be taken. */
  get count(): number {
    return this.#count;
  }

  /** The next record has number `seq`; those before it are lost. Only while nothing waits. */
  skipTo(seq: number): void {
    if (this.#count > 0 || seq < this.#firstSeq) throw new RangeError(`Cannot skip from ${this.nextSeq} to ${seq}`);
    this.#firstSeq = seq;
  }

  /** Whether the body of this number was added last. */
  hasBody(number: number): boolean {
    return number === this.#body;
  }

  /** Adds a body to which the next rows belong, as a ring has it but for its `kind`; `number` as in `hasBody`. */
  addBody(
    from: Numbers,
    body: number,
    number: number,
    kind: number,
    payloads: PayloadSource | undefined,
    uri: string,
    ownUri: string | undefined,
    options: Dict,
  ): void {
    const i = this.#bodyCount++;
    this.#body = number;
    const { words, doubles } = this.#bodies;
    const w = i * Body.words;
    const at = body * Body.words;
    for (let word = 0; word < Body.words; word++) words[w + word] = from.words[at + word]!;
    words[w + Body.kind] = kind;
    this.#uris[i] = this.#uriOf(uri);
    if (kind & Kind.uri) this.#ownUris[i] = this.#strings.number(ownUri ?? '');
    if (kind & Kind.options) this.#optionsAt[i] = this.#keepOptions(options);
    if ((kind & Kind.countMask) === 0) return;
    const place = from.doubles[body * Body.doubles + Body.payloadAt]!;
    if (place !== this.#place) {
      this.#placed = this.#keepPayload(payloads!.read(place, words[w + Body.payloadLength]!));
      this.#place = place;
    }
    doubles[i * Body.doubles + Body.payloadAt] = this.#placed;
  }

  /** Appends a record with the newest body; true when the block is full and has to be taken before the next. */
  addRow(from: Numbers, row: number, session: LoggedSession): boolean {
    const i = this.#count++;
    const { words } = this.#rows;
    const w = i * Row.words;
    const at = row * Row.words;
    for (let word = 0; word < Row.words; word++) words[w + word] = from.words[at + word]!;
    words[w + Row.body] = this.#bodyCount - 1;
    words[w + Row.session] = this.#sessionOf(session);
    return this.#count === MAX_RECORDS || this.#payloadsEnd + this.#values.at >= FULL_BYTES;
  }

  /** As `addBody` and `addRow`. */
  add(row: BlockRow): boolean {
    const { doubles, words } = this.#row;
    doubles[Row.at] = row.at;
    doubles[Row.frame] = row.frame;
    words[Row.bytes] = row.bytes;
    words[Row.flags] = row.flags;
    const { doubles: bodyDoubles, words: bodyWords } = this.#rowBody;
    const { payload } = row;
    const isKept = payload !== undefined && row.payloadCount > 0;
    bodyDoubles[Body.first] = row.first;
    bodyDoubles[Body.second] = row.second;
    bodyDoubles[Body.anchor] = row.frame;
    // No place of a ring, and another one each time.
    bodyDoubles[Body.payloadAt] = -2 - this.#count;
    bodyWords.set(row.correlation, Body.id);
    bodyWords.set(row.trace, Body.trace);
    bodyWords[Body.payloadLength] = isKept ? payload.length : 0;
    const count = isKept ? row.payloadCount * Kind.count + CODECS.indexOf(row.payloadSerializer) * Kind.codec : 0;
    const kind = row.code | count | Kind.joined | Kind.uri | Kind.options;
    this.addBody(this.#rowBody, 0, Number.NaN, kind, { read: () => payload! }, row.uri, row.messageUri, row.options);
    return this.addRow(this.#row, 0, row.session);
  }

  /** The records added since the last time; `undefined` when there are none. */
  take(): RecordBlock | undefined {
    const count = this.#count;
    const bodies = this.#bodyCount;
    if (count === 0) return undefined;
    const firstSeq = this.#firstSeq;
    const sessionsAt = this.#writeSessions();
    const strings = this.#strings.list;
    const text = this.#encodeText(strings);
    const header = {
      firstSeq,
      count,
      bodies,
      strings: strings.length,
      textBytes: text.length,
      valueBytes: this.#values.at,
      payloadBytes: this.#payloadsEnd,
      sessionsAt,
    };
    const { buffer, layout } = newBlock(header);
    layout.rows.words.set(this.#rows.words.subarray(0, count * Row.words));
    layout.bodies.words.set(this.#bodies.words.subarray(0, bodies * Body.words));
    layout.uri.set(this.#uris.subarray(0, bodies));
    layout.ownUri.set(this.#ownUris.subarray(0, bodies));
    layout.options.set(this.#optionsAt.subarray(0, bodies));
    for (let i = 0; i < strings.length; i++) layout.stringUnits[i] = strings[i]!.length;
    layout.text.set(text);
    layout.values.set(this.#values.written);
    layout.payloads.set(this.#payloads.subarray(0, this.#payloadsEnd));
    this.#firstSeq += count;
    this.#clear();
    return { buffer, firstSeq, count };
  }

  #clear(): void {
    this.#count = 0;
    this.#bodyCount = 0;
    this.#body = Number.NaN;
    this.#place = -1;
    this.#payloadsEnd = 0;
    this.#session = undefined;
    this.#sessions.clear();
    this.#strings.clear();
    this.#uri = '';
    this.#uriNumber = this.#strings.number('');
    this.#values.clear();
    if (this.#payloads.length > MAX_IDLE_PAYLOAD_BYTES) this.#payloads = new Uint8Array(INITIAL_PAYLOAD_BYTES);
    if (this.#text.length > MAX_IDLE_PAYLOAD_BYTES) this.#text = Buffer.allocUnsafeSlow(4096);
  }

  #uriOf(uri: string): number {
    if (uri !== this.#uri) {
      this.#uri = uri;
      this.#uriNumber = this.#strings.number(uri);
    }
    return this.#uriNumber;
  }

  #sessionOf(session: LoggedSession): number {
    if (session !== this.#session) {
      this.#session = session;
      this.#sessionNumber = this.#sessions.get(session) ?? this.#sessions.size;
      this.#sessions.set(session, this.#sessionNumber);
    }
    return this.#sessionNumber;
  }

  #writeSessions(): number {
    const at = this.#values.at;
    const sessions = Array.from(this.#sessions.keys(), s => {
      return [s.id, s.realm, s.authid, s.authrole, s.serializer, s.internal];
    });
    this.#values.write(sessions);
    return at;
  }

  #keepOptions(options: Dict): number {
    const { at } = this.#values;
    this.#values.write(options);
    return at;
  }

  #keepPayload(payload: Uint8Array): number {
    const start = this.#payloadsEnd;
    const end = start + payload.length;
    if (end > this.#payloads.length) this.#growPayloads(end);
    this.#payloads.set(payload, start);
    this.#payloadsEnd = end;
    return start;
  }

  #growPayloads(atLeast: number): void {
    const bigger = new Uint8Array(Math.max(2 * this.#payloads.length, atLeast));
    bigger.set(this.#payloads.subarray(0, this.#payloadsEnd));
    this.#payloads = bigger;
  }

  /** One call for all strings. What UTF-8 cannot say, a lone surrogate, becomes U+FFFD, also one unit. */
  #encodeText(strings: readonly string[]): Buffer {
    const text = strings.join('');
    const room = text.length * MAX_UNIT_BYTES;
    if (room > this.#text.length) this.#text = Buffer.allocUnsafeSlow(2 * room);
    return this.#text.subarray(0, this.#text.write(text, 'utf8'));
  }
}
