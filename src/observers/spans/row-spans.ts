/** Owns the rows pipeline as a whole: numbers on the router's thread, everything else on another. */

import type { Worker } from 'node:worker_threads';
import type { TracedAction } from '../../trace/action.js';
import { CLOSE_LIMIT_MS, type SpanLog, type SpanPipeline, type SpanStats } from './pipeline.js';
import { SpanWriter } from './span-writer.js';
import { InternTable } from './table.js';
import { WorkerLink } from './worker-link.js';

// Left over from the limit for ending the thread.
const TERMINATE_MS = 200;

export class RowSpans implements SpanPipeline {
  readonly #link: WorkerLink;
  readonly #writer: SpanWriter;
  readonly #log: SpanLog;
  #closing: Promise<void> | undefined = undefined;

  constructor(spawn: () => Worker, log: SpanLog) {
    const table = new InternTable();
    this.#link = new WorkerLink(spawn, () => table.startOver(), log);
    this.#writer = new SpanWriter(this.#link, table);
    this.#log = log;
  }

  onActionEnd(action: TracedAction): void {
    this.#writer.onActionEnd(action);
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
    const { exported, failed } = this.#link;
    return { spans: this.#writer.ended, exported, dropped: this.#writer.dropped, failed };
  }

  async #close(): Promise<void> {
    this.#writer.close();
    const before = this.#link.failed;
    await this.#link.settled(CLOSE_LIMIT_MS - TERMINATE_MS);
    await this.#link.close();
    const lost = this.#link.failed - before;
    if (lost > 0) this.#log.warn(`span export: ${lost} spans could not be exported before the end`);
  }
}
