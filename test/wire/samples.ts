/** Owns what the wire tests share: one sample of each message, other people's codecs as oracles, seeded random values. */

import assert from 'node:assert/strict';
import { Decoder as CborDecoder, Encoder as CborEncoder } from 'cbor-x';
import { Packr, Unpackr } from 'msgpackr';
import { ProtocolViolation } from '../../src/wire/errors.js';
import type { Message } from '../../src/wire/message.js';
import { Serializers } from '../../src/wire/serializers/index.js';
import { HEADER_ROOM, type Serializer, type SerializerName } from '../../src/wire/serializers/serializer.js';

/** Each message in its shortest wire form, written by hand from the specification; payloads are appended by tests. */
export const SAMPLES: readonly (readonly [number, ...unknown[]])[] = [
  [1, 'realm1', { roles: { caller: {} } }],
  [2, 2 ** 53, { roles: { dealer: {} } }],
  [3, { message: 'no such realm' }, 'wamp.error.no_such_realm'],
  [4, 'wampcra', { challenge: '{"nonce":"x"}' }],
  [5, 'gir1mSx+deCDUV7wRM5SGIn/+R/ClqLZuH4m7FJeBVI=', {}],
  [6, {}, 'wamp.close.goodbye_and_out'],
  [8, 48, 7814135, {}, 'com.myapp.error.object_write_protected'],
  [16, 1, { acknowledge: true }, 'com.myapp.mytopic1'],
  [17, 239714735, 4429313566],
  [32, 713845233, {}, 'com.myapp.mytopic1'],
  [33, 713845233, 5512315355],
  [34, 85346237, 5512315355],
  [35, 85346237],
  [36, 5512315355, 4429313566, {}],
  [48, 7814135, {}, 'com.myapp.user.new'],
  [49, 7814135, { mode: 'kill' }],
  [50, 7814135, { progress: true }],
  [64, 25349185, { match: 'prefix' }, 'com.myapp.größe'],
  [65, 25349185, 2103333224],
  [66, 788923562, 2103333224],
  [67, 788923562],
  [68, 6131533, 9823526, { caller: 1234567890123456 }],
  [69, 6131533, { mode: 'killnowait' }],
  [70, 6131533, {}],
];

/** The codes whose messages may carry a payload. */
export const WITH_PAYLOAD: readonly number[] = [3, 8, 16, 36, 48, 50, 68, 70];

const all = new Serializers().all;

/** One router's serializers. */
export function serializers(): readonly Serializer[] {
  return all;
}

export interface Oracle {
  encode(value: unknown): Buffer;
  decode(bytes: Buffer): unknown;
}

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });
const cborEncoder = new CborEncoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const cborDecoder = new CborDecoder({ useRecords: false, mapsAsObjects: true });

export const ORACLES: Readonly<Record<SerializerName, Oracle>> = {
  json: { encode: value => Buffer.from(jsonText(value)), decode: bytes => JSON.parse(bytes.toString()) as unknown },
  // Both encoders return a view of a buffer that they use again.
  msgpack: { encode: value => Buffer.from(packr.pack(value)), decode: bytes => unpackr.unpack(bytes) as unknown },
  cbor: {
    encode: value => Buffer.from(cborEncoder.encode(value)),
    decode: bytes => cborDecoder.decode(bytes) as unknown,
  },
};

function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Buffer.isBuffer(value)) return JSON.stringify(`\0${value.toString('base64')}`);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([k, v]) => `${JSON.stringify(k)}:${jsonText(v)}`)
    .join(',')}}`;
}

/** The octets that `serializer` makes of `m`. */
export function encode(serializer: Serializer, m: Message): Buffer {
  const end = serializer.encode(m);
  return Buffer.from(serializer.out.subarray(HEADER_ROOM, end));
}

/** One form for what formats and codecs tell differently: integer types, kinds of byte arrays, nil and undefined. */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

/** A violation, and nothing else, with a text that matches. */
export function violation(act: () => unknown, text: RegExp = /./, hint = ''): void {
  assert.throws(
    act,
    (e: unknown) => {
      assert.ok(e instanceof ProtocolViolation, `${hint} threw ${String(e)}`);
      assert.match(e.message, text, hint);
      return true;
    },
    hint,
  );
}

/** mulberry32: the same numbers in every run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to `n - 1`. */
  below(n: number): number {
    return this.word() % n;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  bytes(n: number): Buffer {
    const bytes = Buffer.alloc(n);
    for (let i = 0; i < n; i++) bytes[i] = this.word();
    return bytes;
  }

  /** Around the limits of all integer encodings, and between them. */
  integer(): number {
    const power = 2 ** this.below(54);
    const value = this.below(2) ? power + this.below(3) - 1 : Math.floor((this.word() / 2 ** 32) * power);
    return Math.min(value, 2 ** 53) * (this.below(2) ? 1 : -1) + 0;
  }

  /** Of any magnitude, but no integer: JavaScript writes those beyond 2^53 to JSON in digits, like integers. */
  float(): number {
    const value = this.bytes(8).readDoubleBE();
    return Number.isFinite(value) && !(Number.isInteger(value) && Math.abs(value) < 1e21) ? value : 0.1;
  }

  /** Beyond 2^53, within 64 bits. */
  bigint(): bigint {
    const value = 2n ** 53n + 1n + (BigInt(this.word()) << BigInt(this.below(31)));
    return this.below(2) ? value : -value;
  }

  text(): string {
    const length = this.below(20) ? this.below(34) : this.pick([95, 97, 255, 256, 300]);
    const alphabet = this.pick(['abcdefghijklmnop', 'aü€😀\u2028', '"\\/\b\f\n\r\t\u001f\u007f', 'ß日本語🙈']);
    const letters = [...alphabet];
    let text = '';
    while (text.length < length) text += this.pick(letters);
    return text;
  }

  /** Of a list or dict. */
  #size(): number {
    return this.below(30) ? this.below(5) : this.pick([15, 16, 23, 24, 33]);
  }

  dict(depth: number): Record<string, unknown> {
    const dict: Record<string, unknown> = {};
    for (let i = this.#size(); i > 0; i--) dict[`${this.text()}${i}`] = this.value(depth);
    return dict;
  }

  list(depth: number): unknown[] {
    return Array.from({ length: this.#size() }, () => this.value(depth));
  }

  value(depth: number): unknown {
    switch (this.below(depth > 0 ? 10 : 8)) {
      case 0:
        return this.pick([null, true, false]);
      case 1:
      case 2:
        return this.integer();
      case 3:
        return this.float();
      case 4:
        return this.bigint();
      case 5:
      case 6:
        return this.text();
      case 7:
        return this.bytes(this.pick([0, 1, 3, 23, 24, 255, 256]));
      case 8:
        return this.list(depth - 1);
      default:
        return this.dict(depth - 1);
    }
  }
}
