/** Owns the order of work behind the thread border: slabs are encoded when there is a request free to take them. */

import type { OtlpEncoder } from './otlp.js';
import { RowReader, type Rows } from './row-reader.js';
import type { SlabMessage } from './rows.js';
import type { Send } from './transport.js';

/** What the worker tells. */
export type Report =
  /** The slab has been read and can be filled again. */
  | { readonly kind: 'free'; readonly buffer: ArrayBuffer }
  /** All spans of the slab are accounted for; `error` is the last reason why not all were exported, or ''. */
  | { readonly kind: 'done'; readonly number: number; readonly exported: number; readonly error: string };

const MAX_BATCH_SPANS = 2048;
const MAX_BATCH_BYTES = 2 * 1024 * 1024;
/** One travels while the next is encoded; more would only reorder. */
const MAX_IN_FLIGHT = 2;

interface Job {
  readonly message: SlabMessage;
  readonly rows: Rows;
  /** Where the next row begins. */
  at: number;
  isRead: boolean;
  isDone: boolean;
  inFlight: number;
  exported: number;
  error: string;
}

export class SlabExporter {
  readonly #encoder: OtlpEncoder;
  readonly #send: Send;
  readonly #report: (report: Report) => void;
  readonly #reader = new RowReader();
  /** Bounded by the slabs that there are. */
  readonly #waiting: Job[] = [];
  #inFlight = 0;

  constructor(encoder: OtlpEncoder, send: Send, report: (report: Report) => void) {
    this.#encoder = encoder;
    this.#send = send;
    this.#report = report;
  }

  /** Slabs must come in the order in which they were written: their tables build on each other. */
  push(message: SlabMessage): void {
    const rows = { words: new Int32Array(message.buffer), doubles: new Float64Array(message.buffer) };
    const state = { at: 0, isRead: false, isDone: false, inFlight: 0, exported: 0, error: '' };
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
      while (job.at < used && encoder.spans < MAX_BATCH_SPANS && encoder.size < MAX_BATCH_BYTES) {
        job.at = this.#reader.read(job.rows, job.at, encoder);
      }
    } catch (error) {
      // A row that cannot be read leaves nothing to go on from; what is not exported counts as failed.
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
    this.#send({ bytes, spans }, (exported, error) => {
      this.#inFlight--;
      job.inFlight--;
      job.exported += exported;
      if (error !== '') job.error = error;
      // A request that failed may still be under way.
      else this.#encoder.reuse(bytes);
      this.#settle(job);
      this.#pump();
    });
  }

  #settle(job: Job): void {
    if (!job.isRead || job.isDone || job.inFlight > 0) return;
    job.isDone = true;
    this.#report({ kind: 'done', number: job.message.number, exported: job.exported, error: job.error });
  }
}
