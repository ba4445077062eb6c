/** Owns the thread that writes the store as the router sees it: how much is on its way there, and what happens when it dies. */

import { Worker } from 'node:worker_threads';
import { Gate } from './gate.js';
import type { Order, Report, WriterSettings } from './messages.js';

const MAX_RESTARTS = 5;
/** A worker that lived this long has earned its successors anew. */
const STEADY_MS = 600_000;
/** How long the end of the process waits for a transaction, whose disk may hang. */
const EXIT_LIMIT_MS = 3000;
/** Between two looks whether a transaction is over. */
const LOOK_MS = 20;

export function spawnWriter(workerData: WriterSettings): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    name: 'wampscope-traces',
    workerData,
    // Preloads of the main thread, such as instrumentations, have no business here.
    execArgv: [],
    // No limit of the heap, which could end it inside a transaction; what it keeps is small.
  });
}

export interface LinkEvents {
  onReport(report: Report): void;
  /** The thread has died; with `again` it may be started anew. */
  onDeath(reason: string, again: boolean): void;
}

export class WriterLink {
  readonly #spawn: (gate: SharedArrayBuffer) => Worker;
  readonly #events: LinkEvents;
  readonly #waiters = new Set<() => void>();
  #worker: Worker | undefined;
  #gate = new Gate();
  #startedAt = 0;
  #restarts = 0;
  #isClosed = false;
  #isGone = false;
  #reason = '';
  #orders = 0;
  /** Octets of blocks that are not stored yet. */
  octets = 0;

  constructor(spawn: (gate: SharedArrayBuffer) => Worker, events: LinkEvents) {
    this.#spawn = spawn;
    this.#events = events;
  }

  /** Starts the thread unless it runs; the reason when it cannot be. */
  start(): string | undefined {
    if (this.#isClosed) return 'the store is closed';
    if (this.#worker) return undefined;
    if (this.#isGone) return `the thread that writes has died (${this.#reason})`;
    this.#worker = this.#spawnWorker();
    return this.#worker ? undefined : this.#reason;
  }

  /** False when there is no thread to carry it out. */
  send(order: Order): boolean {
    if (!this.#worker || this.#isClosed) return false;
    this.#orders++;
    if (order.kind === 'append') this.octets += order.buffer.byteLength;
    this.#worker.postMessage(order);
    return true;
  }

  /** Waits until every order has been carried out, at most `limit` ms; false when that was not enough. */
  async settled(limit: number): Promise<boolean> {
    if (this.#orders === 0) return true;
    await new Promise<void>(resolve => {
      const timer = setTimeout(end, limit);
      const waiters = this.#waiters;
      function end(): void {
        clearTimeout(timer);
        waiters.delete(end);
        resolve();
      }
      waiters.add(end);
    });
    return this.#orders === 0;
  }

  /** Lets the thread finish its orders and close the store, at most `limit` ms. */
  async close(limit: number): Promise<void> {
    const worker = this.#worker;
    if (worker && !this.#isClosed) {
      const exited = new Promise<boolean>(resolve => worker.once('exit', () => resolve(true)));
      this.send({ kind: 'close' });
      this.#isClosed = true;
      if (!(await within(exited, limit))) await this.#terminate(worker);
    }
    this.#isClosed = true;
    this.#worker = undefined;
    process.off('exit', this.#processOnExit);
    this.#forget();
  }

  /** A thread that hangs in a transaction is left alone: it keeps nobody from going on. */
  async #terminate(worker: Worker): Promise<void> {
    this.#gate.shut();
    const end = Date.now() + EXIT_LIMIT_MS;
    while (this.#gate.isBusy && Date.now() < end) await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    if (!this.#gate.isBusy) await worker.terminate();
  }

  readonly #processOnExit = (): void => {
    this.#gate.shutAndWait(EXIT_LIMIT_MS);
  };

  #spawnWorker(): Worker | undefined {
    this.#startedAt = Date.now();
    let worker: Worker;
    try {
      this.#gate = new Gate();
      worker = this.#spawn(this.#gate.shared);
    } catch (error) {
      this.#reason = String(error);
      return undefined;
    }
    process.off('exit', this.#processOnExit);
    process.on('exit', this.#processOnExit);
    let reason = 'it ended by itself';
    worker.unref();
    worker.on('message', (report: Report) => this.#workerOnMessage(report));
    worker.on('error', error => {
      reason = error.message;
    });
    worker.on('exit', () => this.#workerOnExit(reason));
    return worker;
  }

  #workerOnMessage(report: Report): void {
    if (report.kind !== 'done') return this.#events.onReport(report);
    this.#orders -= report.orders;
    this.octets -= report.octets;
    this.#tellWaiters();
  }

  #workerOnExit(reason: string): void {
    if (this.#isClosed) return;
    this.#worker = undefined;
    this.#forget();
    if (Date.now() - this.#startedAt > STEADY_MS) this.#restarts = 0;
    this.#isGone = this.#restarts++ === MAX_RESTARTS;
    this.#reason = reason;
    this.#events.onDeath(reason, !this.#isGone);
  }

  #forget(): void {
    this.#orders = 0;
    this.octets = 0;
    this.#tellWaiters();
  }

  #tellWaiters(): void {
    if (this.#orders === 0) for (const tell of [...this.#waiters]) tell();
  }
}

async function within(done: Promise<boolean>, limit: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, limit, false);
  });
  const isDone = await Promise.race([done, late]);
  clearTimeout(timer);
  return isDone;
}
