/** Owns what the binary serializers share: the walk over a message's elements and over plain values. Octets are the subclasses'. */

import { ProtocolViolation } from '../errors.js';
import { MAX_ID } from '../ids.js';
import { type Dict, EMPTY_DICT } from '../message.js';
import { type Args, type Kwargs, Payload } from '../payload.js';
import type { Field, Row } from '../spec.js';
import { memberName } from './json-values.js';
import { copyTo, view } from './octets.js';
import { Serializer, wrong } from './serializer.js';

const SCRATCH = 4096;
/** Up to this length a string is written by a loop, as it mostly is ASCII. */
const SHORT = 96;

export interface Reader {
  read(bytes: Buffer, p: number): unknown;
  next(): unknown;
}

export abstract class BinarySerializer extends Serializer {
  readonly binary = true;

  protected bytes: Buffer = Buffer.alloc(0);
  protected p = 0;
  #scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH);

  /** Decodes values that were skipped before. */
  protected abstract readonly reader: Reader;

  /** What the value that begins with `c` is. */
  protected abstract isList(c: number): boolean;
  protected abstract isDict(c: number): boolean;
  /** Whether the dict at `p`, which was skipped before, has no member. */
  protected abstract isEmptyDict(p: number): boolean;
  /** The position after the value at `p`. */
  protected abstract skip(p: number, depth: number): number;
  /** The position after the dict at `p`, whose own keys are strings. */
  protected abstract skipDict(p: number): number;
  /** Reads any integer or integral float; NaN when the element is none, infinity above 2^53. */
  protected abstract number(): number;

  protected abstract writeNull(): void;
  protected abstract writeBoolean(value: boolean): void;
  protected abstract writeFloat(value: number): void;
  protected abstract writeBigInt(value: bigint): void;
  protected abstract writeTextHead(octets: number): void;
  protected abstract writeBytesHead(octets: number): void;
  protected abstract writeListHead(elements: number): void;
  protected abstract writeDictHead(pairs: number): void;

  /** The octet at `p`. */
  protected here(): number {
    if (this.p < this.bytes.length) return this.bytes[this.p]!;
    throw new ProtocolViolation('undecodable message: it ends too early');
  }

  protected readInt(what: string): number {
    const value = this.number();
    if (!(value >= 0 && value < MAX_ID && Number.isInteger(value))) {
      throw new ProtocolViolation(`${what} must be a non-negative integer`);
    }
    return value;
  }

  // An integral float is accepted, against "No Polymorphism" (WAMP basic, "Messages"): encoders for JavaScript
  // write integers above 2^32 so.
  protected readId(row: Row, field: Field): number {
    const value = this.number();
    if (!(value >= 1 && value <= MAX_ID && Number.isInteger(value)))
      throw wrong(row, field, 'an integer from 1 to 2^53');
    return value;
  }

  protected readDict(row: Row, field: Field): Dict {
    if (!this.isDict(this.here())) throw wrong(row, field, 'a dict');
    const start = this.p;
    this.p = this.skipDict(start);
    return this.isEmptyDict(start) ? EMPTY_DICT : (this.reader.read(this.bytes, start) as Dict);
  }

  protected readPayload(row: Row): Payload {
    const start = this.p;
    if (!this.isList(this.here())) throw new ProtocolViolation(`${row.name}: Arguments|list must be a list`);
    this.p = this.skip(start, 0);
    let end = this.p;
    let count: 1 | 2 = 1;
    if (this.more()) {
      if (!this.isDict(this.here())) throw new ProtocolViolation(`${row.name}: ArgumentsKw|dict must be a dict`);
      this.p = this.skipDict(this.p);
      end = this.p;
      count = 2;
    }
    return Payload.received(this, this.bytes, start, end, count);
  }

  protected close(row: Row): void {
    if (this.more()) throw new ProtocolViolation(`${row.name} has too many elements`);
    if (this.p !== this.bytes.length) throw new ProtocolViolation(`undecodable message: octets after ${row.name}`);
  }

  decodePayload(bytes: Uint8Array, start: number, _end: number, count: number) {
    const args = this.reader.read(view(bytes), start) as Args;
    return { args, kwargs: count === 2 ? (this.reader.next() as Kwargs) : undefined };
  }

  decodeAll(bytes: Uint8Array): unknown[] {
    this.bytes = view(bytes);
    this.p = 0;
    if (!this.isList(this.here())) throw new ProtocolViolation('undecodable message: list expected');
    // The message itself is no level of nesting.
    const end = this.skip(0, -1);
    if (end !== bytes.length) throw new ProtocolViolation('undecodable message: octets after its end');
    return this.reader.read(this.bytes, 0) as unknown[];
  }

  encodePayload(args: Args, kwargs: Kwargs | undefined): Uint8Array {
    // Not into `out`: the message in it may still wait to be sent.
    const { out, at } = this;
    this.out = this.#scratch;
    this.at = 0;
    try {
      this.#value(args);
      if (kwargs) this.#value(kwargs);
      return Buffer.from(this.out.subarray(0, this.at));
    } finally {
      this.#scratch = this.out.length > 1 << 20 ? Buffer.allocUnsafeSlow(SCRATCH) : this.out;
      this.out = out;
      this.at = at;
    }
  }

  protected writeString(value: string): void {
    const length = value.length;
    if (length <= SHORT) {
      this.room(length + 9);
      const start = this.at;
      this.writeTextHead(length);
      const out = this.out;
      let p = this.at;
      let i = 0;
      for (; i < length; i++) {
        const c = value.charCodeAt(i);
        if (c > 0x7f) break;
        out[p++] = c;
      }
      if (i === length) {
        this.at = p;
        return;
      }
      this.at = start;
    }
    const octets = Buffer.byteLength(value);
    this.room(octets + 9);
    this.writeTextHead(octets);
    this.at += this.out.write(value, this.at, 'utf8');
  }

  protected writeDict(value: Dict): void {
    this.room(9);
    if (value === EMPTY_DICT) this.writeDictHead(0);
    else this.#value(value);
  }

  protected writePayload(payload: Payload): void {
    const length = payload.end - payload.start;
    this.room(length);
    copyTo(this.out, this.at, payload.bytes, payload.start, payload.end);
    this.at += length;
  }

  /** Any value that a serializer can decode, and those that code makes; what no format knows is nil. */
  #value(value: unknown): void {
    this.room(9);
    switch (typeof value) {
      case 'string':
        this.writeString(value);
        break;
      case 'number':
        // Never a float for an integer: peers of typed languages refuse ids in details that are floats.
        if (Number.isInteger(value) && value <= MAX_ID && value >= -MAX_ID && !Object.is(value, -0)) {
          this.writeInt(value);
        } else this.writeFloat(value);
        break;
      case 'boolean':
        this.writeBoolean(value);
        break;
      case 'bigint':
        if (value <= MAX_ID && value >= -MAX_ID) this.writeInt(Number(value));
        else this.writeBigInt(value);
        break;
      case 'object':
        if (value === null) this.writeNull();
        else this.#object(value);
        break;
      default:
        this.writeNull();
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) {
      this.writeListHead(value.length);
      for (let i = 0; i < value.length; i++) this.#value(value[i]);
    } else if (ArrayBuffer.isView(value)) {
      const octets = value.byteLength;
      this.room(octets + 9);
      this.writeBytesHead(octets);
      this.out.set(new Uint8Array(value.buffer, value.byteOffset, octets), this.at);
      this.at += octets;
    } else if (value instanceof Map) {
      this.writeDictHead(value.size);
      for (const [key, member] of value) {
        this.writeString(memberName(key));
        this.#value(member);
      }
    } else if (value instanceof Date) {
      this.#value(value.toJSON());
    } else {
      const keys = Object.keys(value);
      this.writeDictHead(keys.length);
      for (const key of keys) {
        this.writeString(key);
        this.#value((value as Dict)[key]);
      }
    }
  }
}
