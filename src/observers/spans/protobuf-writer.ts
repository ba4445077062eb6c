/** Owns the protobuf wire format, as far as OTLP spans need it: writing into memory that grows. */

import { type AttributeValue, subMilliNanos, type Uuid } from './span-data.js';

// protobuf encoding, "Message Structure".
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
export const WIRE_FIXED32 = 5;

// opentelemetry-proto common/v1, messages KeyValue and AnyValue.
const KEY_VALUE_KEY = (1 << 3) | WIRE_LENGTH;
const KEY_VALUE_VALUE = (2 << 3) | WIRE_LENGTH;
const ANY_STRING = (1 << 3) | WIRE_LENGTH;
const ANY_BOOL = (2 << 3) | WIRE_VARINT;
const ANY_INT = (3 << 3) | WIRE_VARINT;
const ANY_DOUBLE = (4 << 3) | WIRE_FIXED64;

/** What four octets of a varint hold; below it, and above it of what a double holds, a number is a small integer. */
const FOUR_GROUPS = 2 ** 28;

/** Requests come back about as fast as they go. */
const MAX_SPARES = 2;

export const UUID_LENGTH = 36;
const DASH = 0x2d;
/** Two hex digits of each octet. */
const HEX = Uint8Array.from(
  Array.from({ length: 256 }, (_, octet) => [...Buffer.from(octet.toString(16).padStart(2, '0'))]).flat(),
);
/** 2^24 ms, some four and a half hours. */
const EPOCH_MS = 0x1000000;

/** A copy in JavaScript beats a call of the runtime up to about this length. */
export const SHORT = 40;

export class ProtobufWriter {
  #bytes: Buffer;
  readonly #spares: Buffer[] = [];
  /** `KeyValue.key` and the tag of `KeyValue.value`, by key: there are only as many as attributes have names. */
  readonly #keys = new Map<string, Uint8Array>();
  /** The last multiple of EPOCH_MS that was asked for, and its nanoseconds divided by EPOCH_MS. */
  #epoch = 0;
  #epochNanos = 0;
  /** Where the next octet goes. */
  at = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    // From the pool: most are small, and there are many of them.
    return Buffer.from(this.#bytes.subarray(0, this.at));
  }

  /** What was written, in the memory where it stands: it changes with it. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.at);
  }

  /** What was written from `start` on, with the memory it stands in; the writer starts anew in other memory. */
  detach(start: number): Uint8Array {
    const written = this.#bytes.subarray(start, this.at);
    this.#bytes = this.#spares.pop() ?? Buffer.allocUnsafeSlow(this.#bytes.length);
    this.at = 0;
    return written;
  }

  /** Takes back the memory of what was detached. */
  reuse(written: Uint8Array): void {
    if (this.#spares.length < MAX_SPARES) this.#spares.push(Buffer.from(written.buffer));
  }

  /** Makes sure that `length` more octets fit. Whatever writes a thing of known length does not ask. */
  reserve(length: number): void {
    if (this.at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.at + length));
    larger.set(this.#bytes.subarray(0, this.at));
    this.#bytes = larger;
  }

  /** A tag below 2^14, or any small number. */
  tag(tag: number): void {
    if (tag < 128) {
      this.#bytes[this.at++] = tag;
    } else {
      this.#bytes[this.at++] = (tag & 127) | 128;
      this.#bytes[this.at++] = tag >>> 7;
    }
  }

  /** An integer of 0 to 2^53. */
  varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.at;
    let rest = value;
    if (value >= FOUR_GROUPS) {
      rest = Math.floor(value / FOUR_GROUPS);
      const low = value - rest * FOUR_GROUPS;
      bytes[at] = low | 128;
      bytes[at + 1] = (low >>> 7) | 128;
      bytes[at + 2] = (low >>> 14) | 128;
      bytes[at + 3] = (low >>> 21) | 128;
      at += 4;
    }
    while (rest >= 128) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** An integer of 0 to 2^53 in `size` octets. A varint may be longer than it must be: its last octets are then 0. */
  paddedVarint(value: number, size: number): void {
    const bytes = this.#bytes;
    const at = this.at;
    const high = value < FOUR_GROUPS ? 0 : Math.floor(value / FOUR_GROUPS);
    let rest = value - high * FOUR_GROUPS;
    for (let i = 0; i < size; i++, rest >>>= 7) {
      if (i === 4) rest = high;
      bytes[at + i] = (rest & 127) | 128;
    }
    this.at = at + size;
    bytes[this.at - 1]! &= 127;
  }

  double(value: number): void {
    this.at = this.#bytes.writeDoubleLE(value, this.at);
  }

  /** A 32-bit word, big end first: ids are octets, not numbers. */
  word(word: number): void {
    const bytes = this.#bytes;
    const at = this.at;
    bytes[at] = word >>> 24;
    bytes[at + 1] = word >>> 16;
    bytes[at + 2] = word >>> 8;
    bytes[at + 3] = word;
    this.at = at + 4;
  }

  fixed32(value: number): void {
    const bytes = this.#bytes;
    const at = this.at;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.at = at + 4;
  }

  /** Milliseconds since the epoch as fixed64 nanoseconds; every product below stays under 2^53, so it is exact. */
  unixNanos(ms: number): void {
    const whole = Math.floor(ms);
    let rest = whole - this.#epoch;
    if (rest < 0 || rest >= EPOCH_MS) {
      this.#epoch = Math.floor(whole / EPOCH_MS) * EPOCH_MS;
      this.#epochNanos = (this.#epoch / EPOCH_MS) * 1e6;
      rest = whole - this.#epoch;
    }
    // Nanoseconds are epochNanos * 2^24 + lower; the remainders of doubles would cost as much as all the rest.
    const lower = rest * 1e6 + subMilliNanos(ms);
    const carry = Math.floor(lower / EPOCH_MS);
    const upper = this.#epochNanos + carry;
    const high = Math.floor(upper / 256);
    const low = (upper - high * 256) * EPOCH_MS + (lower - carry * EPOCH_MS);
    const bytes = this.#bytes;
    const at = this.at;
    bytes[at] = low;
    bytes[at + 1] = low >>> 8;
    bytes[at + 2] = low >>> 16;
    bytes[at + 3] = low >>> 24;
    bytes[at + 4] = high;
    bytes[at + 5] = high >>> 8;
    bytes[at + 6] = high >>> 16;
    bytes[at + 7] = high >>> 24;
    this.at = at + 8;
  }

  raw(chunk: Uint8Array): void {
    const length = chunk.length;
    this.reserve(length);
    const bytes = this.#bytes;
    const at = this.at;
    if (length > SHORT) bytes.set(chunk, at);
    else for (let i = 0; i < length; i++) bytes[at + i] = chunk[i]!;
    this.at = at + length;
  }

  string(tag: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.reserve(length + 12);
    this.tag(tag);
    this.varint(length);
    this.#text(text, length);
  }

  /** One KeyValue under `tag`. Numbers are `int_value` where they are integers, as the official serializer has it. */
  attribute(tag: number, key: string, value: AttributeValue): void {
    const head = this.#keys.get(key) ?? this.#addKey(key);
    if (typeof value === 'string') {
      const length = Buffer.byteLength(value);
      this.#openValue(tag, head, 1 + varintSize(length) + length);
      this.tag(ANY_STRING);
      this.varint(length);
      this.#text(value, length);
    } else if (typeof value === 'object') {
      this.#openValue(tag, head, 2 + UUID_LENGTH);
      this.tag(ANY_STRING);
      this.tag(UUID_LENGTH);
      this.uuid(value);
    } else if (typeof value === 'boolean') {
      this.#openValue(tag, head, 2);
      this.tag(ANY_BOOL);
      this.tag(value ? 1 : 0);
    } else if (isVarint(value)) {
      this.#openValue(tag, head, 1 + varintSize(value));
      this.#bytes[this.at++] = ANY_INT;
      this.varint(value);
    } else {
      this.#openValue(tag, head, 9);
      this.tag(ANY_DOUBLE);
      this.double(value);
    }
  }

  /** Key, value, key, value … */
  attributes(tag: number, attributes: readonly AttributeValue[]): void {
    for (let i = 0; i < attributes.length; i += 2) this.attribute(tag, attributes[i] as string, attributes[i + 1]!);
  }

  /** Puts what was written behind `at + room` into a length-delimited field whose `room` octets begin at `at`. */
  closeLength(at: number, room: number): void {
    const start = at + room;
    const length = this.at - start;
    const needed = Math.max(room, varintSize(length));
    if (needed > room) {
      this.reserve(needed - room);
      this.#bytes.copyWithin(at + needed, start, this.at);
    }
    const end = this.at + needed - room;
    this.at = at;
    this.paddedVarint(length, needed);
    this.at = end;
  }

  /** Everything of a KeyValue up to the AnyValue of `size` octets, for which it makes room. */
  #openValue(tag: number, head: Uint8Array, size: number): void {
    const length = head.length + 1 + size;
    this.reserve(length + 16);
    if (tag < 128 && length < 128) {
      const bytes = this.#bytes;
      let at = this.at;
      bytes[at++] = tag;
      bytes[at++] = length;
      for (let i = 0; i < head.length; i++) bytes[at++] = head[i]!;
      bytes[at++] = size;
      this.at = at;
      return;
    }
    this.tag(tag);
    this.varint(head.length + varintSize(size) + size);
    this.raw(head);
    this.varint(size);
  }

  /** Its text of 36 characters. */
  uuid(id: Uuid): void {
    const at = this.at;
    this.#hex(id.word0 >>> 16, at);
    this.#hex(id.word0, at + 4);
    this.#hex(id.word1 >>> 16, at + 9);
    this.#hex(id.word1, at + 14);
    this.#hex(id.word2 >>> 16, at + 19);
    this.#hex(id.word2, at + 24);
    this.#hex(id.word3 >>> 16, at + 28);
    this.#hex(id.word3, at + 32);
    const bytes = this.#bytes;
    bytes[at + 8] = DASH;
    bytes[at + 13] = DASH;
    bytes[at + 18] = DASH;
    bytes[at + 23] = DASH;
    this.at = at + UUID_LENGTH;
  }

  /** The lower 16 bits of `word` in four digits. */
  #hex(word: number, at: number): void {
    const bytes = this.#bytes;
    const high = (word >>> 7) & 0x1fe;
    const low = (word << 1) & 0x1fe;
    bytes[at] = HEX[high]!;
    bytes[at + 1] = HEX[high + 1]!;
    bytes[at + 2] = HEX[low]!;
    bytes[at + 3] = HEX[low + 1]!;
  }

  #text(text: string, length: number): void {
    if (length !== text.length || length > SHORT) {
      this.#bytes.write(text, this.at, length, 'utf8');
      this.at += length;
    } else {
      this.ascii(text);
    }
  }

  /** Text of characters below 128, which is best for a short one. */
  ascii(text: string): void {
    const bytes = this.#bytes;
    const at = this.at;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.at = at + text.length;
  }

  #addKey(key: string): Uint8Array {
    const out = new ProtobufWriter(key.length * 3 + 16);
    out.string(KEY_VALUE_KEY, key);
    out.tag(KEY_VALUE_VALUE);
    const head = out.bytes();
    this.#keys.set(key, head);
    return head;
  }
}

export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < FOUR_GROUPS) return 4;
  return value < FOUR_GROUPS * 0x4000 ? (value < FOUR_GROUPS * 0x80 ? 5 : 6) : value < FOUR_GROUPS * 0x200000 ? 7 : 8;
}

/** Whether a number is an `int_value`: where it is an integer, as the official serializer has it. */
export function isVarint(value: number): boolean {
  return value >= 0 && value <= 2 ** 53 && Math.floor(value) === value;
}
