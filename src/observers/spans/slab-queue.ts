/** Owns the memory in which rows wait for the worker: how much there may be, and who has to leave when it is used up. */

import type { Accounts } from './accounts.js';
import { Slab } from './rows.js';
import type { InternTable } from './table.js';

/** In octets: about 780 calls, which make one request of a good size. */
const SLAB_BYTES = 128 * 1024;
/** Kept for the next burst; the rest of the memory goes back. */
const MAX_IDLE_SLABS = 8;

export interface QueueLimits {
  /** That wait, whatever their rows take. */
  readonly spans: number;
  /** Of slabs, wherever they are, and of the tables that they wait with. */
  readonly bytes: number;
}

export class SlabQueue {
  readonly limits: QueueLimits;
  readonly #accounts: Accounts;
  readonly #sending: () => number;
  /** In the order in which they were filled. */
  readonly #waiting: Slab[] = [];
  readonly #idle: ArrayBufferLike[] = [];
  /** What rows are written with now. */
  #table: InternTable | undefined = undefined;
  /** Wherever they are. */
  #slabs = 0;

  /** `sending`: how many of the spans that wait are on their way, and no longer in the queue. */
  constructor(limits: QueueLimits, accounts: Accounts, sending: () => number) {
    this.limits = limits;
    this.#accounts = accounts;
    this.#sending = sending;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Octets of slabs and of the tables that wait with them. */
  get bytes(): number {
    return this.#slabs * SLAB_BYTES + this.#tableBytes();
  }

  /** An empty slab; `undefined` when all memory is used by what matters at least as much. */
  take(table: InternTable, important: boolean): Slab | undefined {
    this.#table = table;
    // One slab there is always: else nothing could ever be exported.
    while (this.#idle.length === 0 && this.#slabs > 0 && this.bytes + SLAB_BYTES > this.limits.bytes) {
      if (!this.#evict(important)) return undefined;
    }
    const buffer = this.#idle.pop();
    if (buffer === undefined) this.#slabs++;
    // Shared, and not transferred: see ADR-027.
    return new Slab(buffer ?? new SharedArrayBuffer(SLAB_BYTES), table);
  }

  /** Sees to it that `spans` more, told of already, may wait. `filling` is the slab that they would go to. */
  makeRoom(spans: number, important: boolean, filling: Slab | undefined): boolean {
    const accounts = this.#accounts;
    while (accounts.waiting - this.#sending() > this.limits.spans) {
      if (this.#evict(false)) continue;
      if (!important) return false;
      const gone = filling === undefined ? 0 : filling.keepImportant();
      if (gone > 0) accounts.drop('queue_full', gone);
      else if (spans > this.limits.spans || !this.#evict(true)) return false;
    }
    return true;
  }

  push(slab: Slab): void {
    this.#waiting.push(slab);
  }

  shift(): Slab | undefined {
    return this.#waiting.shift();
  }

  /** The memory of a slab that has been read. */
  giveBack(buffer: ArrayBufferLike): void {
    if (this.#idle.length < MAX_IDLE_SLABS) this.#idle.push(buffer);
    else this.#slabs--;
  }

  /** `slabs` will not come back. */
  lose(slabs: number): void {
    this.#slabs -= slabs;
  }

  /** Ordinary rows first, of the oldest slab that has any; when there are none, and `all` may go, the oldest slab. */
  #evict(all: boolean): boolean {
    const at = this.#waiting.findIndex(slab => slab.spans > slab.important);
    if (at >= 0) {
      this.#evictOrdinary(at);
      return true;
    }
    const oldest = all ? this.#waiting.shift() : undefined;
    if (oldest === undefined) return false;
    this.#accounts.drop('queue_full', oldest.spans, oldest.important);
    this.giveBack(oldest.buffer);
    return true;
  }

  #evictOrdinary(at: number): void {
    const slab = this.#waiting[at]!;
    this.#accounts.drop('queue_full', slab.keepImportant());
    // What is left of one slab moves to the one before it, so that memory comes free.
    if (slab.spans > 0 && !this.#waiting[at - 1]?.absorb(slab)) return;
    this.#waiting.splice(at, 1);
    this.giveBack(slab.buffer);
  }

  #tableBytes(): number {
    let bytes = 0;
    let last: InternTable | undefined;
    // Tables follow each other, and none comes back.
    for (const { table } of this.#waiting) {
      if (table !== last) bytes += table.bytes;
      last = table;
    }
    return this.#table === undefined || this.#table === last ? bytes : bytes + this.#table.bytes;
  }
}
