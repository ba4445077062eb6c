/** Owns how options and sessions stand in a stored block: plain values, their strings told by number. */

import { type PlainDict, setMember } from '../../wire/serializers/plain-dict.js';
import { RecordBlockError } from './block-layout.js';

const Tag = {
  NULL: 0,
  FALSE: 1,
  TRUE: 2,
  /** Fits 32 bits: zigzag, seven bits an octet. */
  INT: 3,
  FLOAT: 4,
  STRING: 5,
  BYTES: 6,
  LIST: 7,
  DICT: 8,
  BIGINT: 9,
  UNDEFINED: 10,
  DATE: 11,
} as const;

const INITIAL_BYTES = 4096;
const MAX_IDLE_BYTES = 1 << 20;

/** Numbers the strings of one block. */
export class StringTable {
  readonly #numbers = new Map<string, number>();
  readonly list: string[] = [];

  number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.list.length;
    this.#numbers.set(text, number);
    this.list.push(text);
    return number;
  }

  clear(): void {
    this.#numbers.clear();
    this.list.length = 0;
  }
}

export class ValueWriter {
  readonly #strings: StringTable;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  at = 0;

  constructor(strings: StringTable) {
    this.#strings = strings;
  }

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.at);
  }

  clear(): void {
    this.at = 0;
    if (this.#bytes.length > MAX_IDLE_BYTES) this.#resize(INITIAL_BYTES);
  }

  write(value: unknown): void {
    this.#room(16);
    switch (typeof value) {
      case 'string':
        this.#bytes[this.at++] = Tag.STRING;
        this.#varint(this.#strings.number(value));
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.#bytes[this.at++] = value ? Tag.TRUE : Tag.FALSE;
        return;
      case 'bigint':
        this.#bytes[this.at++] = Tag.BIGINT;
        this.#varint(this.#strings.number(value.toString()));
        return;
      case 'object':
        this.#object(value);
        return;
      default:
        this.#bytes[this.at++] = Tag.UNDEFINED;
    }
  }

  #number(value: number): void {
    if (value === (value | 0) && !Object.is(value, -0)) {
      this.#bytes[this.at++] = Tag.INT;
      this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
      return;
    }
    this.#bytes[this.at++] = Tag.FLOAT;
    this.#float(value);
  }

  #object(value: object | null): void {
    if (value === null) {
      this.#bytes[this.at++] = Tag.NULL;
    } else if (Array.isArray(value)) {
      this.#bytes[this.at++] = Tag.LIST;
      this.#varint(value.length);
      for (const member of value) this.write(member);
    } else if (ArrayBuffer.isView(value)) {
      this.#octets(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    } else if (value instanceof Date) {
      this.#bytes[this.at++] = Tag.DATE;
      this.#float(value.getTime());
    } else {
      this.#dict(value as PlainDict);
    }
  }

  #dict(dict: PlainDict): void {
    const keys = Object.keys(dict);
    this.#bytes[this.at++] = Tag.DICT;
    this.#varint(keys.length);
    for (const key of keys) {
      this.#room(8);
      this.#varint(this.#strings.number(key));
      this.write(dict[key]);
    }
  }

  #octets(octets: Uint8Array): void {
    this.#bytes[this.at++] = Tag.BYTES;
    this.#varint(octets.length);
    this.#room(octets.length);
    this.#bytes.set(octets, this.at);
    this.at += octets.length;
  }

  #float(value: number): void {
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.at++] = rest;
  }

  #room(octets: number): void {
    if (this.at + octets > this.#bytes.length) this.#resize(Math.max(2 * this.#bytes.length, this.at + octets));
  }

  #resize(octets: number): void {
    const bytes = new Uint8Array(octets);
    bytes.set(this.written);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

export class ValueReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #strings: readonly string[];
  #at = 0;

  constructor(bytes: Uint8Array, strings: readonly string[]) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#strings = strings;
  }

  /** The value that begins at `at`. */
  read(at: number): unknown {
    this.#at = at;
    return this.#value();
  }

  #value(): unknown {
    const tag = this.#bytes[this.#at++];
    switch (tag) {
      case Tag.NULL:
        return null;
      case Tag.FALSE:
        return false;
      case Tag.TRUE:
        return true;
      case Tag.INT: {
        const zigzag = this.#varint();
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case Tag.FLOAT:
        return this.#float();
      case Tag.STRING:
        return this.#string();
      case Tag.BYTES: {
        const length = this.#varint();
        this.#at += length;
        return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at));
      }
      case Tag.LIST:
        return Array.from({ length: this.#varint() }, () => this.#value());
      case Tag.DICT:
        return this.#dict();
      case Tag.BIGINT:
        return BigInt(this.#string());
      case Tag.UNDEFINED:
        return undefined;
      case Tag.DATE:
        return new Date(this.#float());
      default:
        throw new RecordBlockError(`a block of records has a value of kind ${tag}, which this version does not know`);
    }
  }

  #dict(): PlainDict {
    const dict: PlainDict = {};
    for (let members = this.#varint(); members > 0; members--) {
      const key = this.#string();
      setMember(dict, key, this.#value());
    }
    return dict;
  }

  #string(): string {
    return this.#strings[this.#varint()]!;
  }

  #float(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  #varint(): number {
    let value = 0;
    let shift = 0;
    let octet: number;
    do {
      octet = this.#bytes[this.#at++]!;
      value |= (octet & 0x7f) << shift;
      shift += 7;
    } while (octet & 0x80);
    return value >>> 0;
  }
}
