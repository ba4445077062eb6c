/** Owns where things lie in a stored block of records, and how a torn or foreign one is told from a good one. */

import { crc32 } from 'node:zlib';
import { Body, type Numbers, Row } from '../record-layout.js';

/** Written as a native integer: to a machine of the other byte order it is a foreign value. */
const MAGIC = 0x57_53_52_42;
const VERSION = 2;
const HEADER_BYTES = 56;
const ROW_BYTES = Row.doubles * 8;
/** A body, and its numbers of URI, own URI and options. */
const BODY_BYTES = Body.doubles * 8 + 3 * 4;
/** The checksum covers everything after itself. */
const CHECKED_FROM = 16;

/** A value of the store is not a block of records, or not the whole of one. */
export class RecordBlockError extends Error {
  override readonly name = 'RecordBlockError';
}

export interface BlockHeader {
  readonly firstSeq: number;
  /** Rows, and bodies. */
  readonly count: number;
  readonly bodies: number;
  readonly strings: number;
  /** Octets of all strings, of all options, and of all payloads. */
  readonly textBytes: number;
  readonly valueBytes: number;
  readonly payloadBytes: number;
  /** Where among the values the list of sessions begins. */
  readonly sessionsAt: number;
}

/** What is made of doubles first, so that all is aligned; then what has no fixed size. */
export class BlockLayout {
  readonly header: BlockHeader;
  readonly rows: Numbers;
  readonly bodies: Numbers;
  /** Of each body: the URI of its action, its own if `kind` says so, and where among the values its options begin. */
  readonly uri: Uint32Array;
  readonly ownUri: Uint32Array;
  readonly options: Uint32Array;
  /** UTF-16 units of each string. */
  readonly stringUnits: Uint32Array;
  readonly text: Uint8Array;
  readonly values: Uint8Array;
  readonly payloads: Uint8Array;

  /** Views of `buffer`, whose block begins at `start`, a multiple of eight. */
  constructor(buffer: ArrayBufferLike, start: number, header: BlockHeader) {
    const { count: n, bodies: m } = header;
    let at = start + HEADER_BYTES;
    const place = (octets: number): number => {
      at += octets;
      return at - octets;
    };
    const numbers = (doubles: number): Numbers => {
      const begin = place(8 * doubles);
      return { doubles: new Float64Array(buffer, begin, doubles), words: new Int32Array(buffer, begin, 2 * doubles) };
    };
    this.header = header;
    this.rows = numbers(n * Row.doubles);
    this.bodies = numbers(m * Body.doubles);
    this.uri = new Uint32Array(buffer, place(4 * m), m);
    this.ownUri = new Uint32Array(buffer, place(4 * m), m);
    this.options = new Uint32Array(buffer, place(4 * m), m);
    this.stringUnits = new Uint32Array(buffer, place(4 * header.strings), header.strings);
    this.text = new Uint8Array(buffer, place(header.textBytes), header.textBytes);
    this.values = new Uint8Array(buffer, place(header.valueBytes), header.valueBytes);
    this.payloads = new Uint8Array(buffer, place(header.payloadBytes), header.payloadBytes);
  }

  /** When a record was made, milliseconds since the epoch, and its frame. */
  at(row: number): number {
    return this.rows.doubles[row * Row.doubles + Row.at]!;
  }

  frame(row: number): number {
    return this.rows.doubles[row * Row.doubles + Row.frame]!;
  }

  /** First frame of the action that a body is of. */
  anchor(body: number): number {
    return this.bodies.doubles[body * Body.doubles + Body.anchor]!;
  }
}

function sizeOf(header: BlockHeader): number {
  const { count, bodies, strings, textBytes, valueBytes, payloadBytes } = header;
  return HEADER_BYTES + ROW_BYTES * count + BODY_BYTES * bodies + 4 * strings + textBytes + valueBytes + payloadBytes;
}

/** A block whose sections are to be filled through the views, all of them, and which is then to be sealed. */
export function newBlock(header: BlockHeader): { buffer: SharedArrayBuffer; layout: BlockLayout } {
  // For the thread that stores it; to transfer it would detach it here (ADR-027).
  const buffer = new SharedArrayBuffer(sizeOf(header));
  writeHeader(buffer, header);
  return { buffer, layout: new BlockLayout(buffer, 0, header) };
}

function writeHeader(buffer: ArrayBufferLike, header: BlockHeader): void {
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
  words[12] = header.bodies;
  words[13] = 0;
}

/** Makes a filled block one that can be told from a damaged one; the thread that writes has the time for it. */
export function seal(bytes: Uint8Array): void {
  wordsOf(bytes)[3] = crc32(bytes.subarray(CHECKED_FROM));
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
    bodies: words[12]!,
  };
  if (words[2] !== stored.length || sizeOf(header) !== stored.length) {
    throw new RecordBlockError(`a block of records is torn: ${stored.length} of ${words[2]} octets`);
  }
  return header;
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER_BYTES / 4);
}
