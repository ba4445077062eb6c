/** Owns where things lie in a stored block of records, and how a torn or foreign one is told from a good one. */

import { crc32 } from 'node:zlib';

/** Written as a native integer: to a machine of the other byte order it is a foreign value. */
const MAGIC = 0x57_53_52_42;
const VERSION = 1;
const HEADER_BYTES = 48;
/** All columns of one record. */
const ROW_BYTES = 5 * 8 + 8 * 4 + 5 * 4 + 2 + 3;
/** The checksum covers everything after itself. */
const CHECKED_FROM = 16;

/** A value of the store is not a block of records, or not the whole of one. */
export class RecordBlockError extends Error {
  override readonly name = 'RecordBlockError';
}

export interface BlockHeader {
  readonly firstSeq: number;
  readonly count: number;
  readonly strings: number;
  /** Octets of all strings, of all options, and of all payloads. */
  readonly textBytes: number;
  readonly valueBytes: number;
  readonly payloadBytes: number;
  /** Where among the values the list of sessions begins. */
  readonly sessionsAt: number;
}

/** Columns first, the widest first, so that each is aligned; then what has no fixed size. */
export class BlockLayout {
  readonly header: BlockHeader;
  readonly at: Float64Array;
  readonly frame: Float64Array;
  readonly request: Float64Array;
  readonly subject: Float64Array;
  readonly publication: Float64Array;
  readonly ids: Int32Array;
  readonly bytes: Uint32Array;
  readonly payloadBytes: Uint32Array;
  /** Where among the values the options begin. */
  readonly options: Uint32Array;
  readonly uri: Uint32Array;
  readonly messageUri: Uint32Array;
  /** UTF-16 units of each string. */
  readonly stringUnits: Uint32Array;
  readonly session: Uint16Array;
  readonly flags: Uint8Array;
  readonly code: Uint8Array;
  /** Elements of the payload, and four times the number of its serializer. */
  readonly payloadKind: Uint8Array;
  readonly text: Uint8Array;
  readonly values: Uint8Array;
  readonly payloads: Uint8Array;

  /** Views of `buffer`, whose block begins at `start`, a multiple of eight. */
  constructor(buffer: ArrayBufferLike, start: number, header: BlockHeader) {
    const n = header.count;
    let at = start + HEADER_BYTES;
    const place = (octets: number): number => {
      at += octets;
      return at - octets;
    };
    this.header = header;
    this.at = new Float64Array(buffer, place(8 * n), n);
    this.frame = new Float64Array(buffer, place(8 * n), n);
    this.request = new Float64Array(buffer, place(8 * n), n);
    this.subject = new Float64Array(buffer, place(8 * n), n);
    this.publication = new Float64Array(buffer, place(8 * n), n);
    this.ids = new Int32Array(buffer, place(32 * n), 8 * n);
    this.bytes = new Uint32Array(buffer, place(4 * n), n);
    this.payloadBytes = new Uint32Array(buffer, place(4 * n), n);
    this.options = new Uint32Array(buffer, place(4 * n), n);
    this.uri = new Uint32Array(buffer, place(4 * n), n);
    this.messageUri = new Uint32Array(buffer, place(4 * n), n);
    this.stringUnits = new Uint32Array(buffer, place(4 * header.strings), header.strings);
    this.session = new Uint16Array(buffer, place(2 * n), n);
    this.flags = new Uint8Array(buffer, place(n), n);
    this.code = new Uint8Array(buffer, place(n), n);
    this.payloadKind = new Uint8Array(buffer, place(n), n);
    this.text = new Uint8Array(buffer, place(header.textBytes), header.textBytes);
    this.values = new Uint8Array(buffer, place(header.valueBytes), header.valueBytes);
    this.payloads = new Uint8Array(buffer, place(header.payloadBytes), header.payloadBytes);
  }
}

function sizeOf(header: BlockHeader): number {
  const { count, strings, textBytes, valueBytes, payloadBytes } = header;
  return HEADER_BYTES + ROW_BYTES * count + 4 * strings + textBytes + valueBytes + payloadBytes;
}

/** A buffer of just the size, to be filled through the views and then sealed. */
export function newBlock(header: BlockHeader): { buffer: ArrayBuffer; layout: BlockLayout } {
  const buffer = new ArrayBuffer(sizeOf(header));
  return { buffer, layout: new BlockLayout(buffer, 0, header) };
}

/** Writes the header of a block whose sections are filled. */
export function seal(buffer: ArrayBuffer, header: BlockHeader): void {
  const words = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
  words[0] = MAGIC;
  words[1] = VERSION;
  words[2] = buffer.byteLength;
  new Float64Array(buffer, 16, 1)[0] = header.firstSeq;
  words[6] = header.count;
  words[7] = header.strings;
  words[8] = header.textBytes;
  words[9] = header.valueBytes;
  words[10] = header.payloadBytes;
  words[11] = header.sessionsAt;
  words[3] = crc32(new Uint8Array(buffer, CHECKED_FROM));
}

/**
 * Checks a whole block and opens it.
 *
 * @throws RecordBlockError
 */
export function openBlock(stored: Uint8Array): BlockLayout {
  // Typed arrays need alignment, which a value in a memory map may not have.
  const bytes = stored.byteOffset % 8 === 0 ? stored : new Uint8Array(stored);
  const header = headerOf(bytes);
  const sum = crc32(bytes.subarray(CHECKED_FROM));
  if (sum !== wordsOf(bytes)[3]) throw new RecordBlockError('a block of records is damaged: its checksum is wrong');
  return new BlockLayout(bytes.buffer, bytes.byteOffset, header);
}

/**
 * The header of a block, whose content is not checked.
 *
 * @throws RecordBlockError
 */
export function headerOf(stored: Uint8Array): BlockHeader {
  if (stored.length < HEADER_BYTES) throw new RecordBlockError(`${stored.length} octets are no block of records`);
  const head = stored.byteOffset % 8 === 0 ? stored : new Uint8Array(stored.subarray(0, HEADER_BYTES));
  const words = wordsOf(head);
  if (words[0] !== MAGIC) throw new RecordBlockError('the value is no block of records');
  if (words[1] !== VERSION) {
    throw new RecordBlockError(`a block of records has format ${words[1]}; this version reads format ${VERSION}`);
  }
  const header: BlockHeader = {
    firstSeq: new Float64Array(head.buffer, head.byteOffset + 16, 1)[0]!,
    count: words[6]!,
    strings: words[7]!,
    textBytes: words[8]!,
    valueBytes: words[9]!,
    payloadBytes: words[10]!,
    sessionsAt: words[11]!,
  };
  if (words[2] !== stored.length || sizeOf(header) !== stored.length) {
    throw new RecordBlockError(`a block of records is torn: ${stored.length} of ${words[2]} octets`);
  }
  return header;
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER_BYTES / 4);
}
