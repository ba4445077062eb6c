/** Owns the batches of the sdk pipeline: the place of the SDK's own batch processor, which loses bursts in silence. */

import { createRequire } from 'node:module';
import type * as api from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Accounts, Failures } from './accounts.js';
import type { BatchSettings } from './batching.js';
import { Breaker } from './breaker.js';
import { CLOCK, type Clock } from './clock.js';
import { ExportLog } from './export-log.js';
import { Fifo } from './fifo.js';
import type { Figures } from './figures.js';
import type { SpanLog } from './pipeline.js';
import type { TellingExporter } from './sdk-exporter.js';
import type { SdkSink } from './sdk-spans.js';
import { TIMING } from './sender.js';

/** One travels while the next is encoded. */
const MAX_IN_FLIGHT = 2;
/** Of a span with its attributes, measured on the heap, rounded up. */
const SPAN_BYTES = 2048;
/** The name by which the SDK's instrumentations know that they must not trace an exporter. */
const SUPPRESS_TRACING = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING';

export interface BatchParts {
  readonly exporter: SpanExporter | TellingExporter;
  readonly batch: BatchSettings;
  readonly accounts: Accounts;
  readonly figures: Figures;
  readonly log: SpanLog;
  readonly clock?: Clock;
}

/** Spans of one action each. Important ones leave first and go last. */
export class SdkBatch implements SdkSink {
  readonly #parts: BatchParts;
  readonly #clock: Clock;
  readonly #log: ExportLog;
  readonly #breaker = new Breaker(TIMING.breaker);
  readonly #important = new Fifo<readonly ReadableSpan[]>();
  readonly #ordinary = new Fifo<readonly ReadableSpan[]>();
  readonly #untraced: <T>(run: () => T) => T;
  #waiters: (() => void)[] = [];
  /** Spans in both queues. */
  #queued = 0;
  #inFlight = 0;
  /** Less than a batch may go. */
  #isDue = false;
  #isEnded = false;
  #cancelTimer: (() => void) | undefined = undefined;
  #isSoon = false;
  readonly capacity: number;
  readonly bytesPerSpan = SPAN_BYTES;

  constructor(parts: BatchParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? CLOCK;
    this.#log = new ExportLog(parts.log, parts.accounts);
    this.capacity = parts.batch.queueSize;
    const { context, createContextKey } = createRequire(import.meta.url)('@opentelemetry/api') as typeof api;
    const key = createContextKey(SUPPRESS_TRACING);
    this.#untraced = run => context.with(context.active().setValue(key, true), run);
  }

  get isCollectorThere(): boolean {
    return this.#breaker.state === 'closed';
  }

  add(spans: readonly ReadableSpan[], important: boolean): void {
    if (!this.#makeRoom(spans.length, important)) {
      this.#parts.accounts.drop('queue_full', spans.length, important ? spans.length : 0);
      return;
    }
    (important ? this.#important : this.#ordinary).push(spans);
    this.#queued += spans.length;
    if (this.#queued >= this.#parts.batch.batchSize) this.#soon();
    else this.#cancelTimer ??= this.#clock.later(this.#parts.batch.delay, () => this.#due());
  }

  async flush(): Promise<void> {
    this.#due();
    if (this.#queued > 0 || this.#inFlight > 0) await new Promise<void>(resolve => this.#waiters.push(resolve));
    await this.#parts.exporter.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    this.#breaker.probeNow();
    await this.flush();
    await this.#parts.exporter.shutdown();
  }

  end(): void {
    this.#isEnded = true;
    this.#cancelTimer?.();
    // What is under way as well: an answer that comes now is nobody's.
    this.#parts.accounts.fail('shutdown', this.#parts.accounts.waiting);
  }

  #makeRoom(spans: number, important: boolean): boolean {
    const { accounts, batch } = this.#parts;
    while (this.#queued + spans > batch.queueSize) {
      const isOrdinary = this.#ordinary.length > 0;
      const gone = isOrdinary ? this.#ordinary.shift() : important ? this.#important.shift() : undefined;
      if (gone === undefined) return false;
      this.#queued -= gone.length;
      accounts.drop('queue_full', gone.length, isOrdinary ? 0 : gone.length);
    }
    return true;
  }

  /** Not now: encoding a batch takes longer than an action may hold up the next one. */
  #soon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      this.#go();
    });
  }

  #due(): void {
    this.#isDue = true;
    this.#go();
  }

  #go(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { batchSize, delay } = this.#parts.batch;
    while (this.#queued > 0 && this.#inFlight < MAX_IN_FLIGHT && !this.#isEnded) {
      if (!this.#isDue && this.#queued < batchSize) break;
      const wait = this.#breaker.wait(this.#clock.now());
      if (wait > 0) {
        if (Number.isFinite(wait)) this.#cancelTimer = this.#clock.later(wait, () => this.#go());
        return;
      }
      this.#export(this.#take(batchSize));
    }
    if (this.#queued === 0) {
      this.#isDue = false;
      if (this.#inFlight > 0) return;
      for (const resolve of this.#waiters.splice(0)) resolve();
    } else if (this.#inFlight < MAX_IN_FLIGHT && !this.#isEnded) {
      this.#cancelTimer = this.#clock.later(delay, () => this.#due());
    }
  }

  #take(size: number): ReadableSpan[] {
    const batch: ReadableSpan[] = [];
    while (batch.length < size) {
      const spans = this.#important.shift() ?? this.#ordinary.shift();
      if (spans === undefined) break;
      batch.push(...spans);
    }
    this.#queued -= batch.length;
    return batch;
  }

  #export(spans: ReadableSpan[]): void {
    const { exporter, figures, batch } = this.#parts;
    const startedAt = this.#clock.now();
    let isOver = false;
    const settle = (failures: Failures, reason: string, isSilent: boolean): void => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      this.#inFlight--;
      figures.ended(this.#clock.now() - startedAt);
      figures.settled(spans.length);
      if (this.#isEnded) return;
      this.#hear(isSilent, reason);
      this.#parts.accounts.settle(spans.length, failures);
      if (reason !== '') this.#log.failure(failures, reason);
      this.#go();
    };
    const cancelTimer = this.#clock.later(batch.exportTimeout, () =>
      settle({ gave_up: spans.length }, `not exported within ${batch.exportTimeout} ms`, true),
    );
    this.#inFlight++;
    this.#breaker.sent();
    figures.breaker(this.#breaker.state, false);
    figures.took(spans.length);
    figures.began(0, false);
    try {
      this.#untraced(() =>
        exporter.export(spans, ({ code, error }) => {
          if (code !== 0) return settle(...failureOf(spans.length, error));
          const { rejected, message } = 'takeRejected' in exporter ? exporter.takeRejected() : NOTHING_REJECTED;
          const some = Math.min(rejected, spans.length);
          settle({ rejected: some }, some === 0 ? '' : message, false);
        }),
      );
    } catch (error) {
      settle({ internal: spans.length }, String(error), false);
    }
  }

  #hear(isSilent: boolean, reason: string): void {
    const { figures } = this.#parts;
    if (isSilent) {
      const opens = this.#breaker.failed(this.#clock.now());
      figures.breaker(this.#breaker.state, opens);
      if (opens) this.#log.news('silent', reason);
    } else {
      const closes = this.#breaker.succeeded();
      figures.breaker('closed', false);
      if (closes) this.#log.news('answers', '');
    }
  }
}

const NOTHING_REJECTED = { rejected: 0, message: '' };

/** A status of 4xx is a no of a collector that is there. The official exporter has tried all others several times. */
function failureOf(spans: number, error: Error | undefined): [Failures, string, boolean] {
  const status = error !== undefined && 'code' in error && typeof error.code === 'number' ? error.code : 0;
  const data = error !== undefined && 'data' in error && typeof error.data === 'string' ? error.data.slice(0, 200) : '';
  const reason = [status || '', error?.message ?? 'no reason given', data && `: ${data}`].join(' ').trim();
  const isRefused = status >= 400 && status < 500 && status !== 429;
  return isRefused ? [{ refused: spans }, reason, false] : [{ gave_up: spans }, reason, true];
}
