/** Owns the order of work behind the thread border: slabs are encoded when there is a request free to take them. */

import type { Failures } from './accounts.js';
import type { OtlpEncoder } from './otlp.js';
import { FAIL_CAUSES } from './pipeline.js';
import type { Rows } from './row-layout.js';
import type { RowReader } from './row-reader.js';
import type { SlabMessage } from './rows.js';
import type { Batch, Sent, Tell } from './sender.js';

/** What the worker tells. */
export type Report =
  /** The slab has been read and can be filled again. */
  | { readonly kind: 'free'; readonly buffer: ArrayBufferLike }
  /** All spans of the slab are accounted for; `error` is the last reason why not all were exported, or ''. */
  | { readonly kind: 'done'; readonly number: number; readonly failures: Failures; readonly error: string }
  | { readonly kind: 'news'; readonly news: Parameters<Tell>[0]; readonly reason: string };

/** Sends a request; `sent` is called once, later. */
export type Send = (batch: Batch, sent: Sent) => void;

const MAX_BATCH_BYTES = 2 * 1024 * 1024;
/** One travels while the next is encoded; more would only reorder. */
export const MAX_IN_FLIGHT = 2;

interface Job {
  readonly message: SlabMessage;
  readonly rows: Rows;
  /** Where the next row begins. */
  at: number;
  isRead: boolean;
  isDone: boolean;
  inFlight: number;
  /** Spans of it that were sent; the others could not be read. */
  sent: number;
  readonly failures: Failures;
  error: string;
}

export class SlabExporter {
  readonly #encoder: OtlpEncoder;
  readonly #batchSpans: number;
  readonly #send: Send;
  readonly #report: (report: Report) => void;
  readonly #reader: RowReader;
  /** Bounded by the slabs that there are. */
  readonly #waiting: Job[] = [];
  #inFlight = 0;

  /** `batchSpans`: a request ends with the action that reaches it. */
  constructor(
    reader: RowReader,
    encoder: OtlpEncoder,
    batchSpans: number,
    send: Send,
    report: (report: Report) => void,
  ) {
    this.#reader = reader;
    this.#batchSpans = batchSpans;
    this.#encoder = encoder;
    this.#send = send;
    this.#report = report;
  }

  /** Slabs must come in the order in which they were written: their tables build on each other. */
  push(message: SlabMessage): void {
    const rows = { words: new Int32Array(message.buffer), doubles: new Float64Array(message.buffer) };
    const state = { at: 0, isRead: false, isDone: false, inFlight: 0, sent: 0, failures: {}, error: '' };
    this.#waiting.push({ message, rows, ...state });
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && this.#waiting.length > 0) {
      const job = this.#waiting[0]!;
      this.#encode(job);
      if (job.at >= job.message.used) {
        job.isRead = true;
        this.#waiting.shift();
        this.#report({ kind: 'free', buffer: job.message.buffer });
      }
      this.#sendEncoded(job);
      this.#settle(job);
    }
  }

  #encode(job: Job): void {
    const encoder = this.#encoder;
    const { used, update } = job.message;
    try {
      if (job.at === 0) this.#reader.update(update);
      while (job.at < used && encoder.spans < this.#batchSpans && encoder.size < MAX_BATCH_BYTES) {
        job.at = this.#reader.read(job.rows, job.at, encoder);
      }
    } catch (error) {
      // A row that cannot be read leaves nothing to go on from; what was not sent counts as failed.
      encoder.take();
      job.at = used;
      job.error = String(error);
    }
  }

  #sendEncoded(job: Job): void {
    const spans = this.#encoder.spans;
    if (spans === 0) return;
    const bytes = this.#encoder.take();
    this.#inFlight++;
    job.inFlight++;
    job.sent += spans;
    this.#send({ bytes, spans }, ({ failures, error, isFree }) => {
      this.#inFlight--;
      job.inFlight--;
      for (const cause of FAIL_CAUSES) {
        const failed = failures[cause];
        if (failed) job.failures[cause] = (job.failures[cause] ?? 0) + failed;
      }
      if (error !== '') job.error = error;
      if (isFree) this.#encoder.reuse(bytes);
      this.#settle(job);
      this.#pump();
    });
  }

  #settle(job: Job): void {
    if (!job.isRead || job.isDone || job.inFlight > 0) return;
    job.isDone = true;
    const { message, failures, error } = job;
    const unread = message.spans - job.sent;
    if (unread > 0) failures.internal = (failures.internal ?? 0) + unread;
    this.#report({ kind: 'done', number: message.number, failures, error });
  }
}
