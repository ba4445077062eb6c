/** Owns RawSocket connections (WAMP advanced, "RawSocket Transport"): the handshake and the framing of received octets. */

import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Serializer } from '../wire/serializers/serializer.js';
import { rawSocket } from './framing.js';
import { type Flusher, SendQueue } from './send-queue.js';
import { peerName, type Receiver, type Transport, type TransportInfo } from './transport.js';

export interface RawSocketOptions {
  readonly serializers: readonly Serializer[];
  readonly maxMessageBytes: number;
  /** Milliseconds a peer has for its handshake. */
  readonly handshakeTimeout: number;
}

/** The first octet of a RawSocket connection; no HTTP request begins with it. */
export const MAGIC = 0x7f;
const MAX_EXPONENT = 24;
const UNSUPPORTED_SERIALIZER = 0x10;
const RESERVED_BITS_USED = 0x30;
const MESSAGE = 0;
const PING = 1;
const PONG = 2;
/** A frame that comes in more pieces is joined early: a Buffer costs a hundred octets, a piece may be one. */
const MAX_PIECES = 1024;
/** Set for a length of exactly 2^24, which 24 bits cannot tell. */
const BIT_25 = 0x08000000;

/** Takes over a socket whose first octet is (or will be) MAGIC, and hands over a transport once the handshake is done. */
export function acceptRawSocket(
  socket: Socket,
  options: RawSocketOptions,
  flusher: Flusher,
  onTransport: (transport: Transport) => void,
): void {
  socket.setNoDelay();
  socket.on('error', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), options.handshakeTimeout);
  let greeting: Buffer = Buffer.alloc(0);

  const fail = (octet: number): void => {
    // The timer stays: a peer that never closes its half must not keep the socket.
    socket.off('data', onData);
    socket.end(Buffer.from([MAGIC, octet, 0, 0]));
  };
  const onData = (chunk: Buffer): void => {
    greeting = Buffer.concat([greeting, chunk]);
    if (greeting.length < 4) return;
    if (greeting[0] !== MAGIC || greeting[2] !== 0 || greeting[3] !== 0) return fail(RESERVED_BITS_USED);
    const serializer = options.serializers.find(s => s.rawSocketId === (greeting[1]! & 15));
    if (!serializer) return fail(UNSUPPORTED_SERIALIZER);
    clearTimeout(timer);
    socket.off('data', onData);
    const exponent = Math.min(MAX_EXPONENT, Math.floor(Math.log2(options.maxMessageBytes)));
    socket.write(Buffer.from([MAGIC, ((exponent - 9) << 4) | serializer.rawSocketId, 0, 0]));
    const maxSend = 2 ** (9 + (greeting[1]! >> 4));
    const transport = new RawSocketTransport(socket, serializer, flusher, 2 ** exponent, maxSend);
    onTransport(transport);
    transport.start(greeting.subarray(4));
  };
  socket.on('data', onData);
  socket.on('close', () => clearTimeout(timer));
}

class RawSocketTransport implements Transport {
  readonly info: TransportInfo;
  readonly serializer: Serializer;
  readonly framing = rawSocket;
  readonly maxSend: number;
  receiver: Receiver | undefined;
  readonly #socket: Socket;
  readonly #queue: SendQueue;
  readonly #maxReceive: number;
  /** Octets of an unfinished frame, in pieces: joined once, when the frame is whole. */
  #pieces: Buffer[] = [];
  #have = 0;
  #need = 4;
  #asked = '';
  #failure = '';

  constructor(socket: Socket, serializer: Serializer, flusher: Flusher, maxReceive: number, maxSend: number) {
    this.#socket = socket;
    this.serializer = serializer;
    this.#queue = new SendQueue(socket, flusher);
    this.#maxReceive = maxReceive;
    this.maxSend = maxSend;
    const peer = peerName(socket);
    this.info = { type: 'rawsocket', peer, protocol: `rawsocket.${serializer.name}`, rtt: 0 };
  }

  get buffered(): number {
    return this.#queue.buffered;
  }

  get turn(): number {
    return this.#queue.turn;
  }

  /** Begins to read; `early` came together with the handshake. */
  start(early: Buffer): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('error', error => {
      this.#failure = error.message;
    });
    socket.on('close', () => {
      const lost = this.#asked === '';
      this.receiver?.onClose({ lost, reason: this.#asked || this.#failure || 'connection closed' });
    });
    if (early.length) this.#onData(early);
  }

  send(out: Buffer, end: number): void {
    this.#queue.copy(out, this.framing.prepend(out, end), end);
  }

  sendShared(framed: Buffer): void {
    this.#queue.share(framed);
  }

  close(reason: string): void {
    if (this.#asked) return;
    this.#asked = reason;
    this.#queue.flush();
    this.#socket.end();
    // A peer that never closes its half must not keep the socket for ever, whatever it goes on sending.
    setTimeout(() => this.#socket.destroy(), 5000).unref();
  }

  destroy(reason: string): void {
    this.#asked ||= reason;
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    let rest = chunk;
    while (rest.length > 0 && this.#asked === '') {
      if (this.#have === 0 && rest.length >= 4) {
        const length = this.#lengthOf(rest);
        if (length < 0) return;
        if (rest.length >= 4 + length) {
          this.#frame(rest[0]! & 7, rest.subarray(4, 4 + length));
          rest = rest.subarray(4 + length);
          continue;
        }
      }
      rest = this.#gather(rest);
    }
  };

  /** Keeps octets of an unfinished frame; returns those that belong to the next. */
  #gather(rest: Buffer): Buffer {
    const take = Math.min(this.#need - this.#have, rest.length);
    // Copied: a received Buffer pins the whole slab that the socket read into.
    this.#pieces.push(Buffer.from(rest.subarray(0, take)));
    this.#have += take;
    if (this.#pieces.length > MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces, this.#have)];
    if (this.#have < this.#need) return rest.subarray(take);
    const whole = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#have);
    const length = this.#lengthOf(whole);
    if (length < 0) return rest.subarray(rest.length);
    this.#need = 4 + length;
    if (this.#have < this.#need) {
      this.#pieces = [whole];
    } else {
      this.#pieces = [];
      this.#have = 0;
      this.#need = 4;
      this.#frame(whole[0]! & 7, whole.subarray(4));
    }
    return rest.subarray(take);
  }

  /** The payload length that a header announces; -1 when it is refused and the connection ended. */
  #lengthOf(header: Buffer): number {
    const word = header.readUInt32BE(0);
    const length = (word & 0xffffff) + (word & BIT_25 ? 2 ** 24 : 0);
    if (word & 0xf0000000 || ((word >>> 24) & 7) > PONG) {
      this.destroy('RawSocket frame with reserved bits or type');
      return -1;
    }
    if (length > this.#maxReceive) {
      this.destroy(`RawSocket message of ${length} octets, but this transport announced at most ${this.#maxReceive}`);
      return -1;
    }
    return length;
  }

  #frame(type: number, bytes: Buffer): void {
    if (type === MESSAGE) {
      if (this.serializer.name === 'json' && !isUtf8(bytes))
        return this.receiver?.onViolation('JSON that is not UTF-8');
      this.receiver?.onMessage(bytes);
    } else if (type === PING && this.#queue.buffered <= this.#maxReceive) {
      // Otherwise the peer does not read what it asks for, and the answers would pile up.
      const header = Buffer.alloc(4);
      header.writeUInt32BE((PONG << 24) | bytes.length, 0);
      this.#queue.share(Buffer.concat([header, bytes]));
    }
  }
}
