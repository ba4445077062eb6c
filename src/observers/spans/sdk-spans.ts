/** Owns the sdk pipeline: the same spans for processors and exporters of the OpenTelemetry SDK, without a worker. */

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { TracedAction } from '../../trace/action.js';
import type { TracedInvocation } from '../../trace/invocation.js';
import { Reason } from '../../trace/sampling/reason.js';
import type { TracedClosing, TracedOpening } from '../../trace/session.js';
import type { Accounts } from './accounts.js';
import type { Figures } from './figures.js';
import { isImportant, isImportantSession, waitsForCollector } from './importance.js';
import type { Source } from './otlp.js';
import { CLOSE_LIMIT_MS, type SpanLog, type SpanPipeline, type SpanStats } from './pipeline.js';
import { ACTION_SIZE, CHILD_SIZE, MAX_CHILDREN } from './row-layout.js';
import { RowReader } from './row-reader.js';
import { childrenOf, entriesFor, Slab, writeLateRow, writeRow } from './rows.js';
import { type SdkSource, SdkSpan, sdkSourceOf } from './sdk-span.js';
import { SESSION_ENTRIES, spansOfOpening, writeClosing, writeOpening } from './session-rows.js';
import type { SpanData, SpanSink } from './span-data.js';
import { InternTable } from './table.js';

/** What takes spans of the SDK, accounts for each, and never throws. */
export interface SdkSink {
  readonly isCollectorThere: boolean;
  /** Of spans that wait; 0 when that is not ours to say. */
  readonly capacity: number;
  /** Octets of memory, about. */
  readonly bytesPerSpan: number;
  /** All spans of an action. */
  add(spans: readonly ReadableSpan[], important: boolean): void;
  /** Settles when what was added before is accounted for, however long that takes. May reject. */
  flush(): Promise<void>;
  /** Flushes, and ends what is behind it. */
  shutdown(): Promise<void>;
  /** There is no more time: what is not accounted for has failed. */
  end(): void;
}

export interface SdkParts {
  readonly sink: SdkSink;
  readonly accounts: Accounts;
  readonly figures: Figures;
  readonly source: Source;
  /** Characters of the longest string that spans tell. */
  readonly maxText: number;
  /** Of errors that are no failures. */
  readonly nonErrors: ReadonlySet<string>;
  readonly log: SpanLog;
}

const ROW_BYTES = (ACTION_SIZE + MAX_CHILDREN * CHILD_SIZE) * Float64Array.BYTES_PER_ELEMENT;

/** Goes by way of a row, so that both pipelines export the same by construction. */
export class SdkSpans implements SpanPipeline, SpanSink {
  readonly borrows = true;
  readonly keptOnly = true;
  readonly #parts: SdkParts;
  readonly #source: SdkSource;
  readonly #reader: RowReader;
  readonly #buffer = new ArrayBuffer(ROW_BYTES);
  #row: Slab;
  #spans: SdkSpan[] = [];
  #closing: Promise<void> | undefined = undefined;

  constructor(parts: SdkParts) {
    this.#parts = parts;
    this.#source = sdkSourceOf(parts.source);
    this.#reader = new RowReader(parts.nonErrors);
    this.#row = new Slab(this.#buffer, new InternTable(parts.maxText));
  }

  onActionEnd(action: TracedAction): void {
    // The router's own sessions are not traced: the recorder must not record itself.
    if (action.originator.internal) return;
    const { accounts, nonErrors } = this.#parts;
    const all = childrenOf(action);
    const important = isImportant(action, nonErrors);
    if (!this.#takes(1 + all, important)) return;
    const children = Math.min(all, MAX_CHILDREN);
    if (all > children) accounts.drop('too_many_children', all - children, important ? all - children : 0);
    this.#export(entriesFor(children), important, row => writeRow(row, action, children, important));
  }

  onLateInvocation(action: TracedAction, invocation: TracedInvocation): void {
    if (action.sampled === Reason.none || action.originator.internal) return;
    const important = isImportant(action, this.#parts.nonErrors);
    if (!this.#takes(1, important)) return;
    this.#export(entriesFor(1), important, row => writeLateRow(row, action, invocation, important));
  }

  onSessionOpen(opening: TracedOpening): void {
    if (opening.sampled === Reason.none) return;
    const important = isImportantSession(opening, this.#parts.nonErrors);
    if (!this.#takes(spansOfOpening(opening), important)) return;
    this.#export(SESSION_ENTRIES, important, row => writeOpening(row, opening, important));
  }

  onSessionClose(closing: TracedClosing): void {
    if (closing.sampled === Reason.none) return;
    const important = isImportantSession(closing, this.#parts.nonErrors);
    if (!this.#takes(1, important)) return;
    this.#export(SESSION_ENTRIES, important, row => writeClosing(row, closing, important));
  }

  /** Tells of spans that ended; false when they are dropped right away. */
  #takes(spans: number, important: boolean): boolean {
    const { accounts, sink } = this.#parts;
    accounts.end(spans);
    if (this.#closing === undefined && (sink.isCollectorThere || waitsForCollector(important))) return true;
    accounts.drop(this.#closing ? 'closed' : 'breaker_open', spans, important ? spans : 0);
    return false;
  }

  #export(entries: number, important: boolean, write: (row: Slab) => void): void {
    const { sink, maxText } = this.#parts;
    if (!this.#row.table.hasRoom(entries)) this.#row = new Slab(this.#buffer, new InternTable(maxText));
    this.#row.used = 0;
    write(this.#row);
    this.#reader.update(this.#row.table.takeUpdate());
    this.#reader.read(this.#row, 0, this);
    const spans = this.#spans;
    this.#spans = [];
    sink.add(spans, important);
  }

  add(span: SpanData): void {
    this.#spans.push(new SdkSpan(span, this.#source));
  }

  async flush(): Promise<void> {
    await within(CLOSE_LIMIT_MS, this.#parts.sink.flush());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  stats(): SpanStats {
    const { accounts, figures, sink } = this.#parts;
    return {
      ...accounts.read(),
      ...figures.read(),
      capacity: sink.capacity,
      waitingBytes: (accounts.waiting - figures.sending) * sink.bytesPerSpan,
      capacityBytes: sink.capacity * sink.bytesPerSpan,
    };
  }

  async #close(): Promise<void> {
    const { accounts, log, sink } = this.#parts;
    const before = accounts.failed;
    await within(CLOSE_LIMIT_MS, sink.shutdown());
    sink.end();
    const lost = accounts.failed - before;
    if (lost > 0) log.warn(`span export: ${lost} spans could not be exported before the end`);
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
