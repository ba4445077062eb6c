/** Owns a TCP peer without manners: it writes any octets, stops reading, dies; what comes back is kept whole. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { dialTcp } from './links.js';

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
