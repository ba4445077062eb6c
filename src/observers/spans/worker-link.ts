/** Owns the worker thread as the router sees it: slabs go there and come back, and every span is accounted for. */

import { Worker } from 'node:worker_threads';
import type { SpanLog } from './pipeline.js';
import { Slab, type SlabMessage } from './rows.js';
import type { Report } from './slab-exporter.js';
import type { TableUpdate } from './table.js';
import type { WorkerSettings } from './worker.js';

/** In octets: about 780 calls, which make one request of a good size. */
const SLAB_BYTES = 128 * 1024;
/** 8 MiB in all, some 50,000 calls: what may wait while the collector is slow. */
const MAX_SLABS = 64;
/** Kept for the next burst; the rest of the memory goes back. */
const MAX_IDLE_SLABS = 8;
const MAX_RESTARTS = 5;
/** A worker that lived this long has earned its successors anew. */
const STEADY_MS = 600_000;
/** Between two lines in the log about failing exports. */
const LOG_INTERVAL_MS = 300_000;
// Encoded requests, the collector's answers and the table's copy; beyond it the worker ends, not the router.
const WORKER_HEAP_MIB = 128;

export function spawnWorker(workerData: WorkerSettings): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    name: 'wampscope-spans',
    workerData,
    // Preloads of the main thread, such as instrumentations, have no business here.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB },
  });
}

export class WorkerLink {
  readonly #spawn: () => Worker;
  readonly #onNewReader: () => void;
  readonly #log: SpanLog;
  readonly #free: Slab[] = [];
  /** Spans by number of the slabs whose fate is open. */
  readonly #open = new Map<number, number>();
  readonly #waiters = new Set<() => void>();
  #worker: Worker | undefined;
  #slabs = 0;
  #away = 0;
  #next = 1;
  #startedAt = 0;
  #restarts = 0;
  #isClosed = false;
  #loggedAt = Number.NEGATIVE_INFINITY;
  exported = 0;
  failed = 0;

  /** `onNewReader`: whoever reads from now on knows nothing of the table yet. */
  constructor(spawn: () => Worker, onNewReader: () => void, log: SpanLog) {
    this.#spawn = spawn;
    this.#onNewReader = onNewReader;
    this.#log = log;
    this.#start();
  }

  /** An empty slab, or `undefined` while there are as many on their way as there may be. */
  take(): Slab | undefined {
    if (this.#worker === undefined) return undefined;
    const slab = this.#free.pop();
    if (slab !== undefined || this.#slabs === MAX_SLABS) return slab;
    this.#slabs++;
    return new Slab(new ArrayBuffer(SLAB_BYTES));
  }

  /** Hands a slab over; it is no longer the caller's. */
  send(slab: Slab, update: TableUpdate): void {
    if (this.#worker === undefined) {
      this.failed += slab.spans;
      this.#slabs--;
      return;
    }
    const { buffer, used, spans } = slab;
    const message: SlabMessage = { number: this.#next++, buffer, used, spans, update };
    this.#open.set(message.number, spans);
    this.#away++;
    this.#worker.postMessage(message, [buffer]);
  }

  /** Waits until every slab sent so far is accounted for, at most `limit` ms; false when that was not enough. */
  async settled(limit: number): Promise<boolean> {
    const wanted = [...this.#open.keys()];
    const isSettled = () => wanted.every(number => !this.#open.has(number));
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
    this.#loseOpen();
  }

  #start(): void {
    this.#startedAt = Date.now();
    let worker: Worker;
    try {
      worker = this.#spawn();
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
  }

  #workerOnMessage(report: Report): void {
    if (report.kind === 'free') {
      this.#away--;
      if (this.#free.length < MAX_IDLE_SLABS) this.#free.push(new Slab(report.buffer));
      else this.#slabs--;
      return;
    }
    const spans = this.#open.get(report.number) ?? 0;
    this.#open.delete(report.number);
    this.exported += report.exported;
    this.failed += spans - report.exported;
    if (report.error !== '') this.#warnOfFailure(report.error);
    for (const look of [...this.#waiters]) look();
  }

  #workerOnExit(reason: string): void {
    if (this.#isClosed) return;
    this.#worker = undefined;
    this.#slabs -= this.#away;
    this.#away = 0;
    const lost = this.#loseOpen();
    if (Date.now() - this.#startedAt > STEADY_MS) this.#restarts = 0;
    const again = this.#restarts < MAX_RESTARTS;
    const next = again ? 'it is started again' : 'no spans are exported from now on';
    this.#log.warn(`span export: the worker died (${reason}), ${lost} spans lost; ${next}`);
    if (!again) return;
    this.#restarts++;
    this.#onNewReader();
    this.#start();
  }

  #loseOpen(): number {
    let lost = 0;
    for (const spans of this.#open.values()) lost += spans;
    this.failed += lost;
    this.#open.clear();
    for (const look of [...this.#waiters]) look();
    return lost;
  }

  #warnOfFailure(error: string): void {
    const now = Date.now();
    if (now - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#loggedAt = now;
    this.#log.warn(`span export: ${error}; ${this.failed} spans failed so far`);
  }
}
