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

const UUID_LENGTH = 36;
const DASH = 0x2d;

// A copy in JavaScript beats a call of the runtime up to about this length.
const SHORT = 40;

export class ProtobufWriter {
  #bytes: Buffer;
  #spare: Buffer | undefined = undefined;
  /** `KeyValue.key` and the tag of `KeyValue.value`, by key: there are only as many as attributes have names. */
  readonly #keys = new Map<string, Uint8Array>();
  /** Where the next octet goes. */
  at = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.at);
  }

  /** What was written from `start` on, with the memory it stands in; the writer starts anew in other memory. */
  detach(start: number): Uint8Array {
    const written = this.#bytes.subarray(start, this.at);
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#spare = undefined;
    this.at = 0;
    return written;
  }

  /** Takes back the memory of what was detached. */
  reuse(written: Uint8Array): void {
    this.#spare = Buffer.from(written.buffer);
  }

  /** Makes sure that `length` more octets fit. The methods for single octets and words do not ask. */
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
    let rest = value;
    while (rest >= 0x80000000) {
      this.#bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.#bytes[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.at++] = rest;
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
    const upper = Math.floor(whole / 0x10000);
    const upperNanos = upper * 1e6;
    const lowerNanos = (whole - upper * 0x10000) * 1e6 + subMilliNanos(ms);
    const low = (upperNanos % 0x10000) * 0x10000 + lowerNanos;
    this.fixed32(low % 0x100000000);
    this.fixed32(Math.floor(upperNanos / 0x10000) + Math.floor(low / 0x100000000));
  }

  raw(chunk: Uint8Array): void {
    this.reserve(chunk.length);
    this.#bytes.set(chunk, this.at);
    this.at += chunk.length;
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
      this.#uuid(value);
    } else if (typeof value === 'boolean') {
      this.#openValue(tag, head, 2);
      this.tag(ANY_BOOL);
      this.tag(value ? 1 : 0);
    } else if (isVarint(value)) {
      this.#openValue(tag, head, 1 + varintSize(value));
      this.tag(ANY_INT);
      this.varint(value);
    } else {
      this.#openValue(tag, head, 9);
      this.tag(ANY_DOUBLE);
      this.at = this.#bytes.writeDoubleLE(value, this.at);
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
    // A varint may be longer than it must be: its last octets are then 0.
    let rest = length;
    for (let i = 0; i < needed - 1; i++, rest >>>= 7) this.#bytes[at + i] = (rest & 127) | 128;
    this.#bytes[at + needed - 1] = rest;
    this.at += needed - room;
  }

  /** Everything of a KeyValue up to the AnyValue of `size` octets, for which it makes room. */
  #openValue(tag: number, head: Uint8Array, size: number): void {
    this.reserve(head.length + size + 16);
    this.tag(tag);
    this.varint(head.length + varintSize(size) + size);
    this.raw(head);
    this.varint(size);
  }

  #uuid(id: Uuid): void {
    this.#hex(id.word0 >>> 16);
    this.#hex(id.word0);
    this.tag(DASH);
    this.#hex(id.word1 >>> 16);
    this.tag(DASH);
    this.#hex(id.word1);
    this.tag(DASH);
    this.#hex(id.word2 >>> 16);
    this.tag(DASH);
    this.#hex(id.word2);
    this.#hex(id.word3 >>> 16);
    this.#hex(id.word3);
  }

  /** The lower 16 bits of `word` in four digits. */
  #hex(word: number): void {
    const bytes = this.#bytes;
    const at = this.at;
    bytes[at] = hexDigit(word >>> 12);
    bytes[at + 1] = hexDigit(word >>> 8);
    bytes[at + 2] = hexDigit(word >>> 4);
    bytes[at + 3] = hexDigit(word);
    this.at = at + 4;
  }

  #text(text: string, length: number): void {
    if (length !== text.length || length > SHORT) {
      this.#bytes.write(text, this.at, length, 'utf8');
    } else {
      for (let i = 0; i < length; i++) this.#bytes[this.at + i] = text.charCodeAt(i);
    }
    this.at += length;
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
  let size = 3;
  for (let rest = value / 0x200000; rest >= 1; rest /= 128) size++;
  return size;
}

/** ASCII of the lower four bits. */
function hexDigit(bits: number): number {
  const digit = bits & 15;
  return digit < 10 ? 48 + digit : 87 + digit;
}

function isVarint(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 2 ** 53;
}
