/** Owns the in-memory link: a pair of ends in one process, serialized like any other, for tests and embedding. */

import { isUtf8 } from 'node:buffer';
import { HEADER_ROOM, type Serializer } from '../wire/serializers/serializer.js';
import { unframed } from './framing.js';
import type { Receiver, Transport, TransportInfo } from './transport.js';

/** The client's end of an in-memory link: encoded messages in both directions. */
export interface MemoryPeer {
  /** Delivers one encoded message to the router, in a later microtask. */
  send(bytes: Uint8Array): void;
  close(): void;
  onMessage: ((bytes: Buffer) => void) | undefined;
  onClose: (() => void) | undefined;
}

/** The router's end. Deliveries are microtasks, so that neither side runs inside the other. */
export class MemoryTransport implements Transport {
  readonly info: TransportInfo;
  readonly serializer: Serializer;
  readonly framing = unframed;
  readonly maxSend = Number.POSITIVE_INFINITY;
  receiver: Receiver | undefined;
  readonly peer: MemoryPeer;
  #buffered = 0;
  #open = true;

  constructor(serializer: Serializer) {
    this.serializer = serializer;
    this.info = { type: 'memory', peer: 'memory', protocol: serializer.subprotocol, rtt: 0 };
    this.peer = {
      onMessage: undefined,
      onClose: undefined,
      send: bytes => {
        const copy = Buffer.from(bytes);
        queueMicrotask(() => this.#receive(copy));
      },
      close: () => {
        queueMicrotask(() => this.#end(true, 'peer closed the link'));
      },
    };
  }

  /** Deliveries are microtasks: each is a turn of its own. */
  readonly turn = 0;

  get buffered(): number {
    return this.#buffered;
  }

  send(out: Buffer, end: number): void {
    this.#deliver(Buffer.from(out.subarray(HEADER_ROOM, end)));
  }

  sendShared(framed: Buffer): void {
    this.#deliver(framed);
  }

  close(reason: string): void {
    queueMicrotask(() => this.#end(false, reason));
  }

  destroy(reason: string): void {
    queueMicrotask(() => this.#end(false, reason));
  }

  #receive(bytes: Buffer): void {
    if (!this.#open) return;
    // The serializer leaves this to the transport, as WebSocket checks it anyway.
    if (this.serializer.name === 'json' && !isUtf8(bytes)) this.receiver?.onViolation('JSON that is not UTF-8');
    else this.receiver?.onMessage(bytes);
  }

  #deliver(bytes: Buffer): void {
    if (!this.#open) return;
    this.#buffered += bytes.length;
    queueMicrotask(() => {
      this.#buffered -= bytes.length;
      this.peer.onMessage?.(bytes);
    });
  }

  #end(lost: boolean, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.receiver?.onClose({ lost, reason });
    this.peer.onClose?.();
  }
}
