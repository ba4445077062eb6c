/** Owns the reading of bytes as WAMP messages, with no code of the router's: RFC 6455, RawSocket, three serializers. */

import { Decoder } from 'cbor-x';
import { Unpackr } from 'msgpackr';

/** Type codes of the WAMP specification, by name. */
export const CODES: { readonly [name: string]: number } = {
  HELLO: 1,
  WELCOME: 2,
  ABORT: 3,
  GOODBYE: 6,
  ERROR: 8,
  PUBLISH: 16,
  PUBLISHED: 17,
  SUBSCRIBE: 32,
  SUBSCRIBED: 33,
  UNSUBSCRIBE: 34,
  UNSUBSCRIBED: 35,
  EVENT: 36,
  CALL: 48,
  CANCEL: 49,
  RESULT: 50,
  REGISTER: 64,
  REGISTERED: 65,
  UNREGISTER: 66,
  UNREGISTERED: 67,
  INVOCATION: 68,
  INTERRUPT: 69,
  YIELD: 70,
};
const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code, name]));

// Ids reach 2^53, which both would otherwise give as a BigInt.
const unpackr = new Unpackr({ int64AsType: 'auto', mapsAsObjects: true } as object);
const decoder = new Decoder({ int64AsNumber: true, mapsAsObjects: true } as object);
const DECODERS: { readonly [serializer: string]: (bytes: Buffer) => unknown } = {
  json: bytes => JSON.parse(bytes.toString()),
  msgpack: bytes => unpackr.unpack(bytes),
  cbor: bytes => decoder.decode(bytes),
};

/** One message as it crossed the wire. */
export interface WireMessage {
  /** `rx`: received by the router; `tx`: sent by it. */
  readonly direction: 'rx' | 'tx';
  /** `CALL`. */
  readonly type: string;
  /** As a list. */
  readonly message: readonly unknown[];
  readonly bytes: Buffer;
}

/** Takes one direction of a connection in pieces as they come, and gives the messages without their framing. */
export class StreamReader {
  readonly #onMessage: (bytes: Buffer) => void;
  readonly #onProtocol: (serializer: string) => void;
  #rest: Buffer = Buffer.alloc(0);
  #state: 'opening' | 'webSocket' | 'rawSocket' = 'opening';
  #fragments: Buffer[] = [];

  constructor(onMessage: (bytes: Buffer) => void, onProtocol: (serializer: string) => void) {
    this.#onMessage = onMessage;
    this.#onProtocol = onProtocol;
  }

  push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let taken = this.#take(); taken > 0; taken = this.#take()) this.#rest = this.#rest.subarray(taken);
  }

  /** Octets of the unit that stands at the beginning; 0 when it is not complete. */
  #take(): number {
    if (this.#rest.length === 0) return 0;
    if (this.#state === 'opening') return this.#rest[0] === 0x7f ? this.#takeHandshake() : this.#takeHttp();
    return this.#state === 'webSocket' ? this.#takeFrame() : this.#takeRawFrame();
  }

  #takeHandshake(): number {
    if (this.#rest.length < 4) return 0;
    this.#state = 'rawSocket';
    this.#onProtocol(['json', 'msgpack', 'cbor'][(this.#rest[1]! & 15) - 1]!);
    return 4;
  }

  #takeHttp(): number {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const head = this.#rest.subarray(0, end).toString('latin1');
    const protocol = /^sec-websocket-protocol: *wamp\.2\.(\w+)/im.exec(head);
    // Of the client these are offers.
    if (protocol && head.startsWith('HTTP/')) this.#onProtocol(protocol[1]!);
    this.#state = 'webSocket';
    return end + 4;
  }

  #takeFrame(): number {
    const bytes = this.#rest;
    if (bytes.length < 2) return 0;
    const short = bytes[1]! & 0x7f;
    const lengthOctets = short === 126 ? 2 : short === 127 ? 8 : 0;
    const isMasked = (bytes[1]! & 0x80) !== 0;
    const start = 2 + lengthOctets + (isMasked ? 4 : 0);
    if (bytes.length < start) return 0;
    const length =
      lengthOctets === 0 ? short : lengthOctets === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return 0;
    // Copied: the mask is taken off in place.
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (isMasked) for (let i = 0; i < length; i++) payload[i]! ^= bytes[start - 4 + (i & 3)]!;
    const opcode = bytes[0]! & 15;
    if (opcode < 8) this.#fragments.push(payload);
    if (opcode < 8 && bytes[0]! & 0x80) {
      this.#onMessage(Buffer.concat(this.#fragments));
      this.#fragments = [];
    }
    return start + length;
  }

  #takeRawFrame(): number {
    if (this.#rest.length < 4) return 0;
    const length = this.#rest.readUIntBE(1, 3);
    if (this.#rest.length < 4 + length) return 0;
    if ((this.#rest[0]! & 7) === 0) this.#onMessage(Buffer.from(this.#rest.subarray(4, 4 + length)));
    return 4 + length;
  }
}

export function decode(serializer: string, direction: 'rx' | 'tx', bytes: Buffer): WireMessage {
  const message = DECODERS[serializer]!(bytes) as unknown[];
  return { direction, type: NAMES.get(message[0] as number)!, message, bytes };
}
