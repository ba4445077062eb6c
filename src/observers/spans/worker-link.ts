/** Owns the worker thread as the router sees it: slabs go there and come back, and every span is accounted for. */

import { Worker } from 'node:worker_threads';
import type { Accounts } from './accounts.js';
import type { ExportLog } from './export-log.js';
import type { Figures } from './figures.js';
import type { Slab, SlabMessage } from './rows.js';
import type { Report } from './slab-exporter.js';
import type { SlabQueue } from './slab-queue.js';
import type { InternTable } from './table.js';
import type { Order, WorkerSettings } from './worker.js';

/** Enough that the worker always has one to read; all others wait where they can still be dropped for better ones. */
const MAX_UNREAD = 4;
const MAX_RESTARTS = 5;
/** A worker that lived this long has earned its successors anew. */
const STEADY_MS = 600_000;
// Encoded requests, the collector's answers and the table's copy; beyond it the worker ends, not the router.
const WORKER_HEAP_MIB = 128;
/** Next to nothing survives; a nursery of the usual size would push the router's own data out of the processor's cache. */
const WORKER_NURSERY_MIB = 3;

export function spawnWorker(workerData: WorkerSettings): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    name: 'wampscope-spans',
    workerData,
    // Preloads of the main thread, such as instrumentations, have no business here.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB, maxYoungGenerationSizeMb: WORKER_NURSERY_MIB },
  });
}

export interface LinkParts {
  readonly spawn: (figures: Figures) => Worker;
  readonly queue: SlabQueue;
  readonly accounts: Accounts;
  readonly figures: Figures;
  readonly log: ExportLog;
}

export class WorkerLink {
  readonly #parts: LinkParts;
  /** Spans by number of the slabs whose fate is open. */
  readonly #open = new Map<number, number>();
  readonly #waiters = new Set<() => void>();
  #worker: Worker | undefined;
  /** The table that the worker has a copy of. */
  #table: InternTable | undefined = undefined;
  #unread = 0;
  #next = 1;
  #startedAt = 0;
  #restarts = 0;
  #isClosed = false;
  /** Workers died too often. */
  isGivenUp = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#start();
  }

  get isCollectorThere(): boolean {
    return this.#parts.figures.isClosed;
  }

  /** Hands a slab over; it is no longer the caller's. */
  submit(slab: Slab): void {
    this.#parts.queue.push(slab);
    // It was begun before the last worker died.
    if (this.isGivenUp) this.#failAll('worker_died');
    else this.#pump();
  }

  /** What waits for its next attempt gets it now. */
  hurry(): void {
    this.#worker?.postMessage('hurry' satisfies Order);
  }

  /** Waits until every slab submitted so far is accounted for, at most `limit` ms; false when that was not enough. */
  async settled(limit: number): Promise<boolean> {
    // Slabs are numbered when they leave the queue, and they leave it in order.
    const last = this.#next + this.#parts.queue.length;
    const isSettled = () => {
      if (this.#next < last && this.#parts.queue.length > 0) return false;
      for (const number of this.#open.keys()) if (number < last) return false;
      return true;
    };
    if (isSettled()) return true;
    await new Promise<void>(resolve => {
      const timer = setTimeout(end, limit);
      const waiters = this.#waiters;
      function look(): void {
        if (isSettled()) end();
      }
      function end(): void {
        clearTimeout(timer);
        waiters.delete(look);
        resolve();
      }
      waiters.add(look);
    });
    return isSettled();
  }

  /** Ends the thread. What is not accounted for by then counts as failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#failAll('shutdown');
  }

  #pump(): void {
    const { queue } = this.#parts;
    while (this.#worker !== undefined && this.#unread < MAX_UNREAD) {
      const slab = queue.shift();
      if (slab === undefined) return;
      this.#post(this.#worker, slab);
    }
  }

  #post(worker: Worker, slab: Slab): void {
    const { buffer, used, spans, table } = slab;
    if (table !== this.#table) {
      table.startOver();
      this.#table = table;
    }
    const number = this.#next++;
    this.#open.set(number, spans);
    this.#unread++;
    worker.postMessage({ number, buffer, used, spans, update: table.takeUpdate() } satisfies SlabMessage);
  }

  #start(): void {
    this.#startedAt = Date.now();
    this.#table = undefined;
    this.#parts.figures.startOver();
    let worker: Worker;
    try {
      worker = this.#parts.spawn(this.#parts.figures);
    } catch (error) {
      this.#workerOnExit(String(error));
      return;
    }
    this.#worker = worker;
    let reason = 'it ended by itself';
    worker.on('message', (report: Report) => this.#workerOnMessage(report));
    worker.on('error', error => {
      reason = error.message;
    });
    worker.on('exit', () => this.#workerOnExit(reason));
    // After the listeners: one for messages would keep the process alive again.
    worker.unref();
    this.#pump();
  }

  #workerOnMessage(report: Report): void {
    const { queue, accounts, log } = this.#parts;
    switch (report.kind) {
      case 'free':
        this.#unread--;
        queue.giveBack(report.buffer);
        this.#pump();
        return;
      case 'news':
        log.news(report.news, report.reason);
        return;
      case 'done':
        accounts.settle(this.#open.get(report.number) ?? 0, report.failures);
        this.#open.delete(report.number);
        if (report.error !== '') log.failure(report.failures, report.error);
        this.#look();
    }
  }

  #workerOnExit(reason: string): void {
    if (this.#isClosed) return;
    const { queue, log } = this.#parts;
    this.#worker = undefined;
    queue.lose(this.#unread);
    this.#unread = 0;
    if (Date.now() - this.#startedAt > STEADY_MS) this.#restarts = 0;
    this.isGivenUp = this.#restarts >= MAX_RESTARTS;
    const lost = this.isGivenUp ? this.#failAll('worker_died') : this.#failOpen('worker_died');
    log.workerDied(reason, lost, !this.isGivenUp);
    if (this.isGivenUp) return;
    this.#restarts++;
    this.#start();
  }

  /** Everything that has been submitted. */
  #failAll(cause: 'worker_died' | 'shutdown'): number {
    const { queue, accounts } = this.#parts;
    let lost = 0;
    for (let slab = queue.shift(); slab !== undefined; slab = queue.shift()) {
      accounts.fail(cause, slab.spans);
      lost += slab.spans;
    }
    return lost + this.#failOpen(cause);
  }

  /** Everything that the worker had. */
  #failOpen(cause: 'worker_died' | 'shutdown'): number {
    let lost = 0;
    for (const spans of this.#open.values()) lost += spans;
    this.#open.clear();
    this.#parts.accounts.fail(cause, lost);
    this.#look();
    return lost;
  }

  #look(): void {
    for (const look of [...this.#waiters]) look();
  }
}
