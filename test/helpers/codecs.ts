/** Owns the test client's codecs: other people's, so that an error of the router's serializers cannot hide itself. */

import { Decoder as CborDecoder, Encoder as CborEncoder } from 'cbor-x';
import { Packr, Unpackr } from 'msgpackr';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';

/** Values as tests write them: integers up to 2^53 are numbers, beyond they are BigInt; binary is a Buffer. */
export interface Codec {
  readonly name: SerializerName;
  readonly subprotocol: string;
  /** The serializer's nibble in the RawSocket handshake. */
  readonly rawSocketId: number;
  /** Travels in binary WebSocket messages. */
  readonly binary: boolean;
  encode(value: unknown): Buffer;
  decode(bytes: Buffer): unknown;
}

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });
const cborEncoder = new CborEncoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const cborDecoder = new CborDecoder({ useRecords: false, mapsAsObjects: true });

export const CODECS: Readonly<Record<SerializerName, Codec>> = {
  json: {
    name: 'json',
    subprotocol: 'wamp.2.json',
    rawSocketId: 1,
    binary: false,
    encode: value => Buffer.from(toJson(value)),
    decode: bytes => fromJson(bytes.toString('utf8')),
  },
  msgpack: {
    name: 'msgpack',
    subprotocol: 'wamp.2.msgpack',
    rawSocketId: 2,
    binary: true,
    encode: value => Buffer.from(packr.pack(exact(value))),
    decode: bytes => usual(unpackr.unpack(bytes)),
  },
  cbor: {
    name: 'cbor',
    subprotocol: 'wamp.2.cbor',
    rawSocketId: 3,
    binary: true,
    encode: value => Buffer.from(cborEncoder.encode(exact(value))),
    decode: bytes => usual(cborDecoder.decode(bytes)),
  },
};

const INTEGER = '@int:';
const MAX = 2n ** 53n;

/** JSON.stringify with integers beyond 2^53 and binary (WAMP basic, "Binary Data in JSON"). */
function toJson(value: unknown): string {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key: string, converted: unknown) {
    const original = this[key];
    if (typeof original === 'bigint') return `${INTEGER}${original}`;
    if (original instanceof Uint8Array) return `\0${Buffer.from(original).toString('base64')}`;
    return converted;
  });
  return text.replaceAll(/"@int:(-?\d+)"/g, '$1');
}

function fromJson(text: string): unknown {
  // JSON.parse rounds such integers, so they are quoted first; strings are stepped over whole.
  const quoted = /\d{16}/.test(text)
    ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, token =>
        token.startsWith('"') ? token : `"${INTEGER}${token}"`,
      )
    : text;
  return JSON.parse(quoted, (_key, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (value.startsWith('\0')) return Buffer.from(value.slice(1), 'base64');
    return value.startsWith(INTEGER) ? small(BigInt(value.slice(INTEGER.length))) : value;
  });
}

function small(value: bigint): number | bigint {
  return value >= -MAX && value <= MAX ? Number(value) : value;
}

/** Integers above 2^32 as BigInt: these encoders would write them as floats. */
function exact(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) >= 2 ** 32 ? BigInt(value) : value;
  return each(value, exact);
}

function usual(value: unknown): unknown {
  if (typeof value === 'bigint') return small(value);
  return value instanceof Uint8Array ? Buffer.from(value) : each(value, usual);
}

function each(value: unknown, map: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, map(member)]));
}
