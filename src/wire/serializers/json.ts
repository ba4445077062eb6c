/** Owns WAMP over JSON (RFC 8259): heads by a scanner of our own, payloads validated in place and passed through. */

import { ProtocolViolation } from '../errors.js';
import { MAX_ID } from '../ids.js';
import { Interner } from '../interner.js';
import { type Dict, EMPTY_DICT } from '../message.js';
import { type Args, type Kwargs, Payload } from '../payload.js';
import type { Field, Row } from '../spec.js';
import { skipDigits, skipSpace, skipString, skipValue } from './json-scanner.js';
import { fromJson, stringify } from './json-values.js';
import { view } from './octets.js';
import { Serializer, wrong } from './serializer.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const DICT = 0x7b;
const DICT_END = 0x7d;

const ZERO = 0x30;

export class JsonSerializer extends Serializer {
  readonly name = 'json';
  readonly subprotocol = 'wamp.2.json';
  readonly rawSocketId = 1;
  readonly binary = false;

  readonly #strings = new Interner();
  #bytes: Buffer = Buffer.alloc(0);
  #p = 0;
  #first = true;

  protected open(bytes: Buffer): void {
    this.#bytes = bytes;
    const p = skipSpace(bytes, 0, bytes.length);
    if (p === bytes.length || bytes[p] !== LIST) throw new ProtocolViolation('undecodable message: JSON list expected');
    this.#p = p + 1;
    this.#first = true;
  }

  protected more(): boolean {
    const bytes = this.#bytes;
    let p = this.#p;
    const c = p < bytes.length ? bytes[p]! : 0;
    if (!this.#first && c === COMMA) {
      p++;
      // The usual encoder writes no space, and then this byte decides.
      if (p < bytes.length && bytes[p]! <= 0x20) p = skipSpace(bytes, p, bytes.length);
      this.#p = p;
      return true;
    }
    if (c <= 0x20 && p < bytes.length) {
      const q = skipSpace(bytes, p, bytes.length);
      if (q > p) {
        this.#p = q;
        return this.more();
      }
    }
    if (this.#first) {
      this.#first = false;
      return c !== LIST_END;
    }
    if (c === LIST_END) return false;
    throw new ProtocolViolation(`undecodable message: "," or "]" expected at octet ${p}`);
  }

  protected readInt(what: string): number {
    const value = this.#number();
    if (value === undefined || value < 0 || !Number.isSafeInteger(value)) {
      throw new ProtocolViolation(`${what} must be a non-negative integer`);
    }
    return value;
  }

  protected readId(row: Row, field: Field): number {
    const value = this.#number();
    if (value === undefined || value < 1 || value > MAX_ID || !Number.isInteger(value)) {
      throw wrong(row, field, 'an integer from 1 to 2^53');
    }
    return value;
  }

  /** The number here; `undefined` when the element is none, infinity when digits above 2^53 would be rounded into range. */
  #number(): number | undefined {
    const bytes = this.#bytes;
    const start = this.#p;
    const p = skipDigits(bytes, start, bytes.length);
    const next = p < bytes.length ? bytes[p]! : 0;
    const digits = p - start;
    if (digits > 0 && digits < 16 && (digits === 1 || bytes[start] !== ZERO) && next !== 0x2e && (next | 32) !== 0x65) {
      let value = 0;
      for (let i = start; i < p; i++) value = value * 10 + bytes[i]! - ZERO;
      this.#p = p;
      return value;
    }
    const end = skipValue(bytes, start, bytes.length, 0);
    const text = bytes.toString('latin1', start, end);
    this.#p = end;
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'number') return undefined;
    if (value === MAX_ID && /^\d+$/.test(text) && text !== '9007199254740992') return Number.POSITIVE_INFINITY;
    return value;
  }

  protected readString(row: Row, field: Field): string {
    const bytes = this.#bytes;
    const start = this.#p;
    if (start === bytes.length || bytes[start] !== QUOTE) throw wrong(row, field, 'a string');
    const end = skipString(bytes, start + 1, bytes.length);
    this.#p = end;
    for (let i = start + 1; i < end - 1; i++) {
      const c = bytes[i]!;
      if (c === 0x5c || c > 0x7e) return JSON.parse(bytes.toString('utf8', start, end)) as string;
    }
    return this.#strings.get(bytes, start + 1, end - 1);
  }

  protected readDict(row: Row, field: Field): Dict {
    const bytes = this.#bytes;
    const start = this.#p;
    if (start === bytes.length || bytes[start] !== DICT) throw wrong(row, field, 'a dict');
    if (start + 1 < bytes.length && bytes[start + 1] === DICT_END) {
      this.#p = start + 2;
      return EMPTY_DICT;
    }
    const end = skipValue(bytes, start, bytes.length, 0);
    this.#p = end;
    return fromJson(bytes.toString('utf8', start, end)) as Dict;
  }

  protected readPayload(row: Row): Payload {
    const bytes = this.#bytes;
    const start = this.#p;
    if (start === bytes.length || bytes[start] !== LIST) {
      throw new ProtocolViolation(`${row.name}: Arguments|list must be a list`);
    }
    this.#p = skipValue(bytes, start, bytes.length, 0);
    let end = this.#p;
    let count: 1 | 2 = 1;
    if (this.more()) {
      if (this.#p === bytes.length || bytes[this.#p] !== DICT) {
        throw new ProtocolViolation(`${row.name}: ArgumentsKw|dict must be a dict`);
      }
      this.#p = skipValue(bytes, this.#p, bytes.length, 0);
      end = this.#p;
      count = 2;
    }
    return Payload.received(this, bytes, start, end, count);
  }

  protected close(row: Row): void {
    if (this.more()) throw new ProtocolViolation(`${row.name} has too many elements`);
    const end = skipSpace(this.#bytes, this.#p + 1, this.#bytes.length);
    if (end !== this.#bytes.length) throw new ProtocolViolation(`undecodable message: octets after ${row.name}`);
  }

  decodePayload(bytes: Uint8Array, start: number, end: number, count: number) {
    const text = view(bytes).toString('utf8', start, end);
    const [args, kwargs] = fromJson(`[${text}]`) as [Args, Kwargs | undefined];
    return { args, kwargs: count === 2 ? kwargs : undefined };
  }

  encodePayload(args: Args, kwargs: Kwargs | undefined): Uint8Array {
    return Buffer.from(kwargs ? `${stringify(args)},${stringify(kwargs)}` : stringify(args));
  }

  decodeAll(bytes: Uint8Array): unknown[] {
    const text = view(bytes);
    const start = skipSpace(text, 0, text.length);
    if (text[start] !== LIST) throw new ProtocolViolation('undecodable message: JSON list expected');
    // The message itself is no level of nesting.
    const end = skipSpace(text, skipValue(text, start, text.length, -1), text.length);
    if (end !== text.length) throw new ProtocolViolation('undecodable message: octets after its end');
    return fromJson(text.toString('utf8')) as unknown[];
  }

  protected begin(_elements: number, code: number): void {
    this.out[this.at++] = LIST;
    this.#digits(code);
  }

  protected writeInt(value: number): void {
    this.room(18);
    this.out[this.at++] = COMMA;
    this.#digits(value);
  }

  #digits(value: number): void {
    const out = this.out;
    let n = 1;
    for (let limit = 10; value >= limit; limit *= 10) n++;
    let rest = value;
    let i = this.at + n;
    this.at = i;
    // Above 2^31 the remainder is a floating-point division; below it an integer one, which is what most ids are.
    while (rest > 0x7fff_ffff) {
      const tenth = Math.floor(rest / 10);
      out[--i] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      out[--i] = ZERO + (small - tenth * 10);
      small = tenth;
    } while (small !== 0);
  }

  protected writeString(value: string): void {
    this.#text(JSON.stringify(value));
  }

  protected writeDict(value: Dict): void {
    if (value !== EMPTY_DICT) {
      this.#text(stringify(value));
      return;
    }
    this.room(4);
    const out = this.out;
    out[this.at++] = COMMA;
    out[this.at++] = DICT;
    out[this.at++] = DICT_END;
  }

  #text(json: string): void {
    this.room(json.length * 3 + 2);
    this.out[this.at++] = COMMA;
    this.at += this.out.write(json, this.at, 'utf8');
  }

  protected writePayload(payload: Payload): void {
    const length = payload.end - payload.start;
    this.room(length + 2);
    this.out[this.at++] = COMMA;
    view(payload.bytes).copy(this.out, this.at, payload.start, payload.end);
    this.at += length;
  }

  protected finish(): void {
    this.room(1);
    this.out[this.at++] = LIST_END;
  }
}
