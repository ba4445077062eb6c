/** Owns the sdk pipeline: the same spans for processors and exporters of the OpenTelemetry SDK, without a worker. */

import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { TracedAction } from '../../trace/action.js';
import type { Source } from './otlp.js';
import { CLOSE_LIMIT_MS, type SpanLog, type SpanPipeline, type SpanStats } from './pipeline.js';
import { RowReader } from './row-reader.js';
import { ACTION_SIZE, CHILD_SIZE, childrenOf, MAX_CHILDREN, Slab, writeRow } from './rows.js';
import { type SdkSource, SdkSpan, sdkSourceOf } from './sdk-span.js';
import type { SpanData, SpanSink } from './span-data.js';
import { InternTable } from './table.js';

/** What became of the spans that a processor was given, as far as we can see. */
export interface Tally {
  handed: number;
  exported: number;
  failed: number;
}

const ROW_BYTES = (ACTION_SIZE + MAX_CHILDREN * CHILD_SIZE) * Float64Array.BYTES_PER_ELEMENT;

/** Goes by way of a row, so that both pipelines export the same by construction. */
export class SdkSpans implements SpanPipeline, SpanSink {
  readonly #processor: SpanProcessor;
  readonly #tally: Tally;
  readonly #source: SdkSource;
  readonly #log: SpanLog;
  readonly #table = new InternTable();
  readonly #reader = new RowReader();
  readonly #row = new Slab(new ArrayBuffer(ROW_BYTES));
  #ended = 0;
  #closing: Promise<void> | undefined = undefined;
  #final: SpanStats | undefined = undefined;

  /** `tally` is kept up to date by whoever sees the exports. */
  constructor(processor: SpanProcessor, tally: Tally, source: Source, log: SpanLog) {
    this.#processor = processor;
    this.#tally = tally;
    this.#source = sdkSourceOf(source);
    this.#log = log;
  }

  onActionEnd(action: TracedAction): void {
    // The router's own sessions are not traced: the recorder must not record itself.
    if (action.originator.internal) return;
    const all = childrenOf(action);
    this.#ended += 1 + all;
    if (this.#closing !== undefined) return;
    const children = Math.min(all, MAX_CHILDREN);
    if (!this.#table.hasRoom(3 + 2 * children)) this.#table.reset();
    this.#row.used = 0;
    writeRow(this.#row, action, children, this.#table);
    this.#reader.update(this.#table.takeUpdate());
    this.#reader.read(this.#row, 0, this);
  }

  add(span: SpanData): void {
    this.#processor.onEnd(new SdkSpan(span, this.#source));
  }

  async flush(): Promise<void> {
    await within(CLOSE_LIMIT_MS, this.#processor.forceFlush());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  stats(): SpanStats {
    if (this.#final !== undefined) {
      const { exported, failed } = this.#final;
      return { spans: this.#ended, exported, dropped: this.#ended - exported - failed, failed };
    }
    // A processor does not tell of what it drops: that comes to light at the end.
    return { spans: this.#ended, exported: this.#tally.exported, dropped: 0, failed: this.#tally.failed };
  }

  async #close(): Promise<void> {
    await within(CLOSE_LIMIT_MS, this.#processor.shutdown());
    // A copy, so that answers after the end change nothing.
    const { handed, exported } = this.#tally;
    const failed = handed - exported;
    this.#final = { spans: this.#ended, exported, dropped: this.#ended - handed, failed };
    const lost = this.#ended - exported;
    if (lost > 0) this.#log.warn(`span export: ${lost} of ${this.#ended} spans could not be exported`);
  }
}

/** Waits for `work`, but not longer than `limit` ms, and not for its success: exporters report that on their own. */
async function within(limit: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>(resolve => {
    timer = setTimeout(resolve, limit);
  });
  await Promise.race([work.catch(() => undefined), end]);
  clearTimeout(timer);
}
