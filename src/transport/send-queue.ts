/** Owns what waits to leave on one socket: everything queued in a turn of the event loop leaves in one write. */

import type { Socket } from 'node:net';

const SLAB = 16 * 1024;
const POOLED_SLABS = 256;
/** Above this the kernel's gather write is cheaper than copying the pieces together. */
const JOIN_LIMIT = 64 * 1024;

/**
 * The queues that have something to send in this turn. A system call costs the same for one message
 * and for sixteen, so it is worth waiting until every message that arrived in this turn has been handled.
 */
export class Flusher {
  readonly #dirty: SendQueue[] = [];
  readonly #slabs: Buffer[] = [];
  #join: Buffer = Buffer.allocUnsafeSlow(JOIN_LIMIT);
  #scheduled = false;
  #turn = 0;
  /** Called once in every turn that has something to send or was asked for by `wake`, after all of it was written. */
  onFlushed: (() => void) | undefined;

  add(queue: SendQueue): void {
    this.#dirty.push(queue);
    this.wake();
  }

  /** Makes this turn end with a flush, even if there is nothing to send. */
  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#turn++;
    setImmediate(this.#flush);
  }

  /** Number of this turn of the event loop, from 1, once anything has been queued in it; 0 before that. */
  get turn(): number {
    return this.#scheduled ? this.#turn : 0;
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    // A write may fail and close a session, which queues messages for others: those are flushed in this round too.
    for (let i = 0; i < this.#dirty.length; i++) this.#dirty[i]!.flush();
    this.#dirty.length = 0;
    this.onFlushed?.();
  };

  takeSlab(): Buffer {
    return this.#slabs.pop() ?? Buffer.allocUnsafeSlow(SLAB);
  }

  giveSlab(slab: Buffer): void {
    if (this.#slabs.length < POOLED_SLABS) this.#slabs.push(slab);
  }

  /** A buffer to join small pieces in; say `joinInUse` when the kernel has not taken all of it. */
  get join(): Buffer {
    return this.#join;
  }

  joinInUse(): void {
    this.#join = Buffer.allocUnsafeSlow(JOIN_LIMIT);
  }
}

export class SendQueue {
  readonly #socket: Socket;
  readonly #flusher: Flusher;
  /** Whole pieces, in order; the slab's content comes after them. */
  readonly #pieces: Buffer[] = [];
  #piecesLength = 0;
  #slab: Buffer | undefined;
  #slabStart = 0;
  #slabEnd = 0;
  #dirty = false;

  constructor(socket: Socket, flusher: Flusher) {
    this.#socket = socket;
    this.#flusher = flusher;
  }

  /** Octets queued here or in the socket. */
  get buffered(): number {
    return this.#piecesLength + (this.#slabEnd - this.#slabStart) + this.#socket.writableLength;
  }

  /** As `Flusher.turn`. */
  get turn(): number {
    return this.#flusher.turn;
  }

  /** Queues a copy of `bytes[start, end)`. */
  copy(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length > SLAB / 2) return this.share(Buffer.from(bytes.subarray(start, end)));
    if (this.#slab && this.#slabEnd + length > SLAB) this.#retireSlab();
    if (!this.#slab) {
      this.#slab = this.#flusher.takeSlab();
      this.#slabStart = 0;
      this.#slabEnd = 0;
    }
    bytes.copy(this.#slab, this.#slabEnd, start, end);
    this.#slabEnd += length;
    this.#mark();
  }

  /** Queues `piece` itself; it must never change. */
  share(piece: Buffer): void {
    if (this.#slabEnd > this.#slabStart) this.#sealSlab();
    this.#pieces.push(piece);
    this.#piecesLength += piece.length;
    this.#mark();
  }

  #mark(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#flusher.add(this);
  }

  /** Makes the slab's content a piece and goes on after it. */
  #sealSlab(): void {
    this.#pieces.push(this.#slab!.subarray(this.#slabStart, this.#slabEnd));
    this.#piecesLength += this.#slabEnd - this.#slabStart;
    this.#slabStart = this.#slabEnd;
  }

  #retireSlab(): void {
    if (this.#slabEnd > this.#slabStart) this.#sealSlab();
    this.#slab = undefined;
  }

  /** Hands everything to the socket in one write, if it is still writable. */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const socket = this.#socket;
    if (!socket.writable) return this.#drop();
    const pieces = this.#pieces;
    const slab = this.#slab;
    const slabLength = this.#slabEnd - this.#slabStart;
    if (pieces.length === 0) {
      socket.write(slab!.subarray(this.#slabStart, this.#slabEnd));
    } else if (pieces.length === 1 && slabLength === 0) {
      socket.write(pieces[0]!);
    } else {
      this.#writeMany(slab, slabLength);
    }
    pieces.length = 0;
    this.#piecesLength = 0;
    if (!slab) return;
    this.#slab = undefined;
    this.#slabStart = 0;
    this.#slabEnd = 0;
    // The kernel has taken everything, so nothing refers to the slab any more.
    if (socket.writableLength === 0) this.#flusher.giveSlab(slab);
  }

  #writeMany(slab: Buffer | undefined, slabLength: number): void {
    const socket = this.#socket;
    const total = this.#piecesLength + slabLength;
    if (total <= JOIN_LIMIT) {
      const join = this.#flusher.join;
      let at = 0;
      for (const piece of this.#pieces) {
        piece.copy(join, at);
        at += piece.length;
      }
      if (slabLength) slab!.copy(join, at, this.#slabStart, this.#slabEnd);
      socket.write(join.subarray(0, total));
      if (socket.writableLength > 0) this.#flusher.joinInUse();
      return;
    }
    socket.cork();
    for (const piece of this.#pieces) socket.write(piece);
    if (slabLength) socket.write(slab!.subarray(this.#slabStart, this.#slabEnd));
    socket.uncork();
  }

  #drop(): void {
    this.#pieces.length = 0;
    this.#piecesLength = 0;
    this.#slab = undefined;
    this.#slabStart = 0;
    this.#slabEnd = 0;
  }
}
