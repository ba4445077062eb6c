/** Owns the rows pipeline as a whole: numbers on the router's thread, everything else on another. */

import type { Worker } from 'node:worker_threads';
import type { TracedAction } from '../../trace/action.js';
import type { TracedInvocation } from '../../trace/invocation.js';
import type { TracedClosing, TracedOpening } from '../../trace/session.js';
import { Accounts } from './accounts.js';
import { ExportLog } from './export-log.js';
import { Figures } from './figures.js';
import { CLOSE_LIMIT_MS, type SpanLog, type SpanPipeline, type SpanStats } from './pipeline.js';
import { type QueueLimits, SlabQueue } from './slab-queue.js';
import { SpanWriter, type WriterOptions } from './span-writer.js';
import { WorkerLink } from './worker-link.js';

// Left over from the limit for ending the thread.
const TERMINATE_MS = 200;

export interface RowOptions extends WriterOptions {
  readonly queue: QueueLimits;
}

/** Of slabs and tables. Rows take far less than the spans that become of them. */
export const ROW_BYTES_LIMIT = 32 * 1024 * 1024;

export class RowSpans implements SpanPipeline {
  readonly borrows = true;
  readonly keptOnly = true;
  readonly #accounts = new Accounts();
  readonly #figures = new Figures();
  readonly #queue: SlabQueue;
  readonly #link: WorkerLink;
  readonly #writer: SpanWriter;
  readonly #log: ExportLog;
  #closing: Promise<void> | undefined = undefined;

  constructor(spawn: (figures: Figures) => Worker, options: RowOptions, log: SpanLog) {
    const [accounts, figures] = [this.#accounts, this.#figures];
    this.#log = new ExportLog(log, accounts);
    this.#queue = new SlabQueue(options.queue, accounts, () => figures.sending);
    this.#link = new WorkerLink({ spawn, queue: this.#queue, accounts, figures, log: this.#log });
    this.#writer = new SpanWriter(accounts, this.#queue, this.#link, options);
  }

  onActionEnd(action: TracedAction): void {
    this.#writer.onActionEnd(action);
  }

  onLateInvocation(action: TracedAction, invocation: TracedInvocation): void {
    this.#writer.onLateInvocation(action, invocation);
  }

  onSessionOpen(opening: TracedOpening): void {
    this.#writer.onSessionOpen(opening);
  }

  onSessionClose(closing: TracedClosing): void {
    this.#writer.onSessionClose(closing);
  }

  async flush(): Promise<void> {
    this.#writer.flush();
    await this.#link.settled(CLOSE_LIMIT_MS);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  stats(): SpanStats {
    return {
      ...this.#accounts.read(),
      ...this.#figures.read(),
      capacity: this.#queue.limits.spans,
      waitingBytes: this.#queue.bytes,
      capacityBytes: this.#queue.limits.bytes,
    };
  }

  async #close(): Promise<void> {
    this.#writer.close();
    const before = this.#accounts.failed;
    this.#link.hurry();
    await this.#link.settled(CLOSE_LIMIT_MS - TERMINATE_MS);
    await this.#link.close();
    this.#log.lostAtEnd(this.#accounts.failed - before);
  }
}
