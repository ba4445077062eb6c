/** Owns a TCP peer without manners: it writes any octets, stops reading, dies; what comes back is kept whole. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { CODECS } from './codecs.js';
import { dialTcp } from './links.js';
import { frame, MESSAGE } from './rawsocket-frames.js';
import type { World } from './world.js';

const PATIENCE = 5000;

export class RawPeer {
  readonly socket: Socket;
  /** Everything that came. */
  received: Buffer = Buffer.alloc(0);
  #over = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', chunk => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake?.();
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#over = true;
        this.#wake?.();
      });
    }
  }

  static async dial(port: number): Promise<RawPeer> {
    return new RawPeer(await dialTcp(port));
  }

  /** Writes and waits until the kernel has it. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise(resolve => this.socket.write(bytes, () => resolve()));
  }

  /** Waits until so many octets have come. */
  async octets(n: number): Promise<Buffer> {
    await this.#until(() => this.received.length >= n || this.#over, `${n} octets`);
    assert.ok(this.received.length >= n, `the router closed after ${this.received.toString('latin1')}`);
    return this.received.subarray(0, n);
  }

  /** Waits for the router's end; returns everything that came. */
  async ended(): Promise<Buffer> {
    await this.#until(() => this.#over, 'the end of the connection');
    return this.received;
  }

  async #until(done: () => boolean, awaited: string): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${awaited} within ${PATIENCE} ms`)), PATIENCE);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Lets the event loop go round, so that what was written arrives as a piece of its own. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

export const SMALL_HELLO = [1, 'realm1', { roles: { caller: {} } }];

/** A RawSocket handshake, and whatever follows, written in one piece; what comes begins with the answer. */
export async function greet(world: World, following: Uint8Array = Buffer.alloc(0), exponent = 15): Promise<RawPeer> {
  const peer = await RawPeer.dial(world.port);
  const { rawSocketId } = CODECS[world.link.serializer];
  await peer.write(Buffer.concat([Buffer.from([0x7f, (exponent << 4) | rawSocketId, 0, 0]), following]));
  await peer.octets(4);
  return peer;
}

/** A message as RawSocket carries it. */
export function framed(world: World, message: unknown): Buffer {
  return frame(MESSAGE, CODECS[world.link.serializer].encode(message));
}
