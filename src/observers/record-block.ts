/** Owns the binary form of a run of records, as a store keeps it: written from columns, read back as records. */

import type { Dict } from '../wire/message.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import type { LoggedSession } from './logged-message.js';
import { newBlock, seal } from './store/block-layout.js';
import { STORED_SERIALIZERS } from './store/block-reader.js';
import { StringTable, ValueWriter } from './store/block-values.js';

export { RecordBlockError } from './store/block-layout.js';
export { readRecordBlock } from './store/block-reader.js';

/** Columns cost memory per writer, and a block is the least that is read at once. */
const MAX_RECORDS = 512;
/** A block with this many octets of payloads and options is full. */
const FULL_BYTES = 128 * 1024;
const INITIAL_PAYLOAD_BYTES = 64 * 1024;
const MAX_IDLE_PAYLOAD_BYTES = 1 << 20;
/** In UTF-8 a UTF-16 unit has at most three octets. */
const MAX_UNIT_BYTES = 3;

/** One record as the columns of a ring have it; `add` copies everything. */
export interface BlockRow {
  readonly at: number;
  /** `Frame.seq` of the message: names the record in amendments. */
  readonly frame: number;
  readonly session: LoggedSession;
  /** Bits of `Flag`. */
  readonly flags: number;
  readonly code: number;
  readonly request: number;
  readonly subject: number;
  readonly publication: number;
  readonly messageUri: string;
  readonly options: Dict;
  readonly uri: string;
  /** Eight words from `idsAt`: correlation id, then trace id. */
  readonly ids: Int32Array;
  readonly idsAt: number;
  readonly bytes: number;
  /** Payload octets as they stood in the message, and who decodes them; `undefined` without a kept payload. */
  readonly payload: Uint8Array | undefined;
  readonly payloadCount: number;
  readonly payloadSerializer: SerializerName;
}

/** A run of records, ready to be stored. The buffer is the receiver's. */
export interface RecordBlock {
  readonly buffer: ArrayBuffer;
  readonly firstSeq: number;
  readonly count: number;
}

/** Collects records and makes blocks of them. It copies what it is given and allocates next to nothing per record. */
export class RecordBlockWriter {
  readonly #at = new Float64Array(MAX_RECORDS);
  readonly #frame = new Float64Array(MAX_RECORDS);
  readonly #request = new Float64Array(MAX_RECORDS);
  readonly #subject = new Float64Array(MAX_RECORDS);
  readonly #publication = new Float64Array(MAX_RECORDS);
  readonly #ids = new Int32Array(8 * MAX_RECORDS);
  readonly #bytes = new Uint32Array(MAX_RECORDS);
  readonly #payloadBytes = new Uint32Array(MAX_RECORDS);
  readonly #optionsAt = new Uint32Array(MAX_RECORDS);
  readonly #uri = new Uint32Array(MAX_RECORDS);
  readonly #messageUri = new Uint32Array(MAX_RECORDS);
  readonly #session = new Uint16Array(MAX_RECORDS);
  readonly #flags = new Uint8Array(MAX_RECORDS);
  readonly #code = new Uint8Array(MAX_RECORDS);
  readonly #payloadKind = new Uint8Array(MAX_RECORDS);
  readonly #strings = new StringTable();
  readonly #values = new ValueWriter(this.#strings);
  readonly #sessions = new Map<LoggedSession, number>();
  #payloads = new Uint8Array(INITIAL_PAYLOAD_BYTES);
  #payloadsEnd = 0;
  #text = Buffer.allocUnsafeSlow(4096);
  #firstSeq: number;
  #count = 0;
  /** In a fan-out one object serves many records. */
  #lastOptions: Dict | undefined;
  #lastOptionsAt = 0;

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

  /** Appends a record; true when the block is full and has to be taken before the next. */
  add(row: BlockRow): boolean {
    const i = this.#count++;
    this.#at[i] = row.at;
    this.#frame[i] = row.frame;
    this.#request[i] = row.request;
    this.#subject[i] = row.subject;
    this.#publication[i] = row.publication;
    this.#bytes[i] = row.bytes;
    this.#flags[i] = row.flags;
    this.#code[i] = row.code;
    this.#copyIds(i * 8, row.ids, row.idsAt);
    this.#session[i] = this.#sessionNumber(row.session);
    this.#uri[i] = this.#strings.number(row.uri);
    this.#messageUri[i] = this.#strings.number(row.messageUri);
    this.#optionsAt[i] = this.#keepOptions(row.options);
    this.#keepPayload(i, row);
    return this.#count === MAX_RECORDS || this.#payloadsEnd + this.#values.at >= FULL_BYTES;
  }

  /** The records added since the last time; `undefined` when there are none. */
  take(): RecordBlock | undefined {
    const count = this.#count;
    if (count === 0) return undefined;
    const firstSeq = this.#firstSeq;
    const sessionsAt = this.#writeSessions();
    const strings = this.#strings.list;
    const text = this.#encodeText(strings);
    const header = {
      firstSeq,
      count,
      strings: strings.length,
      textBytes: text.length,
      valueBytes: this.#values.at,
      payloadBytes: this.#payloadsEnd,
      sessionsAt,
    };
    const { buffer, layout } = newBlock(header);
    layout.at.set(this.#at.subarray(0, count));
    layout.frame.set(this.#frame.subarray(0, count));
    layout.request.set(this.#request.subarray(0, count));
    layout.subject.set(this.#subject.subarray(0, count));
    layout.publication.set(this.#publication.subarray(0, count));
    layout.ids.set(this.#ids.subarray(0, 8 * count));
    layout.bytes.set(this.#bytes.subarray(0, count));
    layout.payloadBytes.set(this.#payloadBytes.subarray(0, count));
    layout.options.set(this.#optionsAt.subarray(0, count));
    layout.uri.set(this.#uri.subarray(0, count));
    layout.messageUri.set(this.#messageUri.subarray(0, count));
    for (let i = 0; i < strings.length; i++) layout.stringUnits[i] = strings[i]!.length;
    layout.session.set(this.#session.subarray(0, count));
    layout.flags.set(this.#flags.subarray(0, count));
    layout.code.set(this.#code.subarray(0, count));
    layout.payloadKind.set(this.#payloadKind.subarray(0, count));
    layout.text.set(text);
    layout.values.set(this.#values.written);
    layout.payloads.set(this.#payloads.subarray(0, this.#payloadsEnd));
    seal(buffer, header);
    this.#firstSeq += count;
    this.#clear();
    return { buffer, firstSeq, count };
  }

  #clear(): void {
    this.#count = 0;
    this.#payloadsEnd = 0;
    this.#lastOptions = undefined;
    this.#sessions.clear();
    this.#strings.clear();
    this.#values.clear();
    // Position 0 says that there are no options.
    this.#values.write(null);
    if (this.#payloads.length > MAX_IDLE_PAYLOAD_BYTES) this.#payloads = new Uint8Array(INITIAL_PAYLOAD_BYTES);
    if (this.#text.length > MAX_IDLE_PAYLOAD_BYTES) this.#text = Buffer.allocUnsafeSlow(4096);
  }

  #copyIds(to: number, ids: Int32Array, from: number): void {
    for (let word = 0; word < 8; word++) this.#ids[to + word] = ids[from + word]!;
  }

  #sessionNumber(session: LoggedSession): number {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    const number = this.#sessions.size;
    this.#sessions.set(session, number);
    return number;
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
    if (options === this.#lastOptions) return this.#lastOptionsAt;
    const at = isEmpty(options) ? 0 : this.#values.at;
    if (at > 0) this.#values.write(options);
    this.#lastOptions = options;
    this.#lastOptionsAt = at;
    return at;
  }

  #keepPayload(i: number, row: BlockRow): void {
    const payload = row.payload;
    if (payload === undefined || row.payloadCount === 0) {
      this.#payloadBytes[i] = 0;
      this.#payloadKind[i] = 0;
      return;
    }
    const end = this.#payloadsEnd + payload.length;
    if (end > this.#payloads.length) this.#growPayloads(end);
    this.#payloads.set(payload, this.#payloadsEnd);
    this.#payloadsEnd = end;
    this.#payloadBytes[i] = payload.length;
    this.#payloadKind[i] = row.payloadCount | (STORED_SERIALIZERS.indexOf(row.payloadSerializer) << 2);
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

function isEmpty(dict: Dict): boolean {
  for (const _key in dict) return false;
  return true;
}
