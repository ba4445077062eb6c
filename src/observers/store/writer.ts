/** Owns the thread's side of the store: orders come in, each trace's are carried out in their order, what came of them is told. */

import { type Database, hasRoom, isFullDisk, MAX_COMMIT_BYTES } from './database.js';
import type { Gate } from './gate.js';
import { Journal, type PendingBlock } from './journal.js';
import type { Order, Report, WriterSettings } from './messages.js';
import { DISK_IS_FULL, isFatal, reasonOf, type StoreLimits } from './stored-trace.js';

const TRIM_INTERVAL_MS = 10_000;

export class Writer {
  readonly #db: Database;
  readonly #directory: string;
  readonly #journal: Journal;
  readonly #limits: StoreLimits;
  readonly #gate: Gate;
  readonly #report: (report: Report) => void;
  readonly #timer: NodeJS.Timeout;
  #orders: Order[] = [];
  #isScheduled = false;
  #mustTrim = true;
  /** Why nothing is written any more: after an error of the disk LMDB must not be asked again. */
  #broken: string | undefined;

  constructor(db: Database, settings: WriterSettings, gate: Gate, report: (report: Report) => void) {
    const { directory, limits, live } = settings;
    this.#directory = directory;
    this.#db = db;
    this.#limits = limits;
    this.#gate = gate;
    this.#report = report;
    this.#journal = new Journal(db, limits, Date.now);
    this.#attempt(() => this.#journal.recover(live));
    this.#timer = setInterval(() => this.#trimSoon(), TRIM_INTERVAL_MS);
    this.#schedule();
  }

  push(order: Order): void {
    this.#orders.push(order);
    this.#schedule();
  }

  /** After all orders that have arrived, so that they share commits. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#work();
    });
  }

  #work(): void {
    const orders = this.#orders;
    this.#orders = [];
    let octets = 0;
    const blocks = new Map<string, PendingBlock[]>();
    let pending = 0;
    for (const order of orders) {
      if (order.kind === 'append') {
        const { persistentId, firstSeq, count } = order;
        // A copy: of memory that is shared, lmdb stores something else, or it crashes.
        const block: PendingBlock = { firstSeq, count, bytes: new Uint8Array(new Uint8Array(order.buffer)) };
        const list = blocks.get(persistentId);
        if (list) list.push(block);
        else blocks.set(persistentId, [block]);
        octets += block.bytes.length;
        pending += block.bytes.length;
        if (pending < MAX_COMMIT_BYTES) continue;
      }
      this.#appendAll(blocks);
      pending = 0;
      if (order.kind !== 'append') this.#carryOut(order);
    }
    this.#appendAll(blocks);
    if (orders.length > 0) this.#report({ kind: 'done', orders: orders.length, octets });
    if (this.#mustTrim || this.#journal.bytes > this.#limits.maxBytes) this.#trim();
  }

  /** A transaction for each trace: what one cannot store does not harm the others. */
  #appendAll(blocks: Map<string, PendingBlock[]>): void {
    for (const [persistentId, list] of blocks) {
      const octets = list.reduce((sum, block) => sum + block.bytes.length, 0);
      this.#growing(persistentId, octets, () => {
        const row = this.#journal.append(persistentId, list);
        if (!row) return;
        const { firstSeq, persistedSeq: seq, lost } = row;
        this.#report({ kind: 'persisted', persistentId, firstSeq, seq, lost });
      });
    }
    blocks.clear();
  }

  #carryOut(order: Exclude<Order, { kind: 'append' }>): void {
    switch (order.kind) {
      case 'begin':
        return this.#growing(order.meta.persistentId, 0, () => this.#journal.begin(order.meta));
      case 'amend':
        return this.#growing(order.persistentId, 0, () => this.#journal.amend(order.persistentId, order.amendments));
      case 'end':
        return this.#end(order.persistentId, order.ended, order.reason);
      case 'delete':
        return this.#delete(order.persistentId, order.call);
      case 'close':
        return this.#close();
    }
  }

  /** What makes the file larger needs room on the disk. */
  #growing(persistentId: string, octets: number, run: () => void): void {
    if (hasRoom(this.#directory, octets)) this.#forTrace(persistentId, run);
    else this.#fail(persistentId, DISK_IS_FULL);
  }

  #forTrace(persistentId: string, run: () => void): void {
    const reason = this.#attempt(run);
    if (reason !== undefined) this.#fail(persistentId, reason);
  }

  #fail(persistentId: string, reason: string): void {
    // Small as it is, it may find room where records did not.
    this.#attempt(() => this.#journal.fail(persistentId, reason));
    this.#report({ kind: 'fault', persistentId, reason });
  }

  #end(persistentId: string, ended: number, reason: string): void {
    this.#forTrace(persistentId, () => this.#journal.end(persistentId, ended, reason));
    this.#report({ kind: 'ended', persistentId });
  }

  #delete(persistentId: string, call: number): void {
    let found = false;
    const reason = this.#attempt(() => {
      found = this.#journal.delete(persistentId);
    });
    this.#report({ kind: 'deleted', call, found, ...(reason !== undefined && { reason }) });
    this.#mustTrim = true;
  }

  /** Runs what writes; the reason when it failed. */
  #attempt(run: () => void): string | undefined {
    if (this.#broken !== undefined) return this.#broken;
    try {
      this.#gate.within(run);
      return undefined;
    } catch (error) {
      if (isFullDisk(this.#directory, error)) return DISK_IS_FULL;
      const reason = reasonOf(error);
      // A transaction that begins on a broken environment ends the process.
      if (isFatal(error)) this.#broken = reason;
      return reason;
    }
  }

  #trimSoon(): void {
    this.#mustTrim = true;
    this.#schedule();
  }

  #trim(): void {
    this.#mustTrim = false;
    this.#attempt(() => {
      const { more, trimmed, removed } = this.#journal.trim();
      if (trimmed) {
        const { persistentId, firstSeq, lost } = trimmed;
        this.#report({ kind: 'trimmed', persistentId, firstSeq, lost });
      }
      if (removed) this.#report({ kind: 'removed', persistentId: removed.persistentId });
      if (more) this.#trimSoon();
    });
  }

  #close(): void {
    clearInterval(this.#timer);
    this.#attempt(() => this.#db.release());
    this.#broken = 'the store is closed';
    void this.#db.close().then(() => this.#report({ kind: 'closed' }));
  }
}
