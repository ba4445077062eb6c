/** Owns the way of one trace's records to the store: in order, in slices, and what went by too fast is counted. */

import type { LoggedAction } from './logged-action.js';
import type { LoggedMessage } from './logged-message.js';
import type { TraceLog } from './message-log.js';
import { type RecordBlock, RecordBlockWriter } from './record-block.js';
import type { TraceStore } from './store/index.js';

/** Milliseconds for which the records of a quiet trace wait for others to share their block. */
const FLUSH_INTERVAL = 100;
/** Records between two looks at the clock. */
const STRIDE = 64;

type AnyLog = TraceLog<LoggedMessage> | TraceLog<LoggedAction>;

export class Persistence {
  /** Names the trace in the store. */
  readonly id: string;
  /** Called when no more of its records are stored, and why. */
  readonly onFault: (reason: string) => void;
  readonly #store: TraceStore;
  readonly #writer = new RecordBlockWriter();
  #log: AnyLog | undefined;
  /** The queue to the disk had no room for it. */
  #waiting: RecordBlock | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #ended: { readonly at: number; readonly reason: string } | undefined;
  /** Number of the oldest record that is stored. */
  firstSeq = 0;
  /** Number of the newest record that is stored; one less than `firstSeq` when there is none. */
  persistedSeq = -1;
  /** Records between the two that are missing. */
  lost = 0;
  fault: string | undefined;
  /** Everything of it is stored, its end too. */
  isStored = false;
  /** Its records have gone from the store, to keep a limit or because they were deleted. */
  isRemoved = false;

  constructor(id: string, log: AnyLog, store: TraceStore, onFault: (reason: string) => void) {
    this.id = id;
    this.#log = log;
    this.#store = store;
    this.onFault = onFault;
  }

  /** Whether there are records of it to be read in the store. */
  get hasRecords(): boolean {
    return !this.isRemoved && this.persistedSeq >= this.firstSeq;
  }

  /** The store has all that it will ever have. */
  get isSettled(): boolean {
    return this.isStored || this.fault !== undefined;
  }

  /** Everything has been handed over, or nothing more will be. */
  get isDone(): boolean {
    return this.#log === undefined;
  }

  /** Records before this number, and not below `persistedSeq`, are on their way; those that are not here any more are lost. */
  get handedSeq(): number {
    return this.#writer.nextSeq;
  }

  /**
   * Hands over what is new, for as long as `performance.now()` is less than `until`.
   *
   * @returns whether there is more that could be done at once.
   */
  handOver(until: number): boolean {
    const log = this.#log;
    if (!log) return false;
    const writer = this.#writer;
    if (!this.#send()) return false;
    while (writer.nextSeq < log.nextSeq) {
      if (writer.nextSeq < log.firstSeq) {
        // Overwritten before their turn: the store counts them as lost.
        if (!this.#flush()) return false;
        writer.skipTo(log.firstSeq);
        continue;
      }
      const seq = writer.nextSeq;
      const isFull = log.copyTo(writer, seq);
      if (log.amendments) log.amendments.upTo = log.frameOf(seq);
      if (isFull && !this.#flush()) return false;
      if (writer.nextSeq % STRIDE === 0 && performance.now() >= until) return true;
    }
    if (this.#ended || performance.now() - this.#flushedAt >= FLUSH_INTERVAL) this.#flush();
    if (this.#waiting || writer.count > 0) return false;
    // After the blocks that they are about.
    const amendments = log.amendments?.take() ?? [];
    if (amendments.length > 0) this.#store.amend(this.id, amendments);
    if (this.#ended) {
      this.#store.end(this.id, this.#ended.at, this.#ended.reason);
      this.#log = undefined;
    }
    return false;
  }

  /** The trace has ended: what is left is handed over, then its end. */
  end(at: number, reason: string): void {
    this.#ended ??= { at, reason };
  }

  /** The trace is to be deleted: what is left is not wanted. */
  discard(at: number, reason: string): void {
    if (!this.#log) return;
    this.#store.end(this.id, at, reason);
    this.#letGo();
  }

  /** Its records cannot be handed over. */
  breakOff(at: number, reason: string): void {
    if (!this.#log) return;
    this.discard(at, 'failed');
    this.fail(reason);
  }

  fail(reason: string): void {
    this.fault = reason;
    this.#letGo();
    this.onFault(reason);
  }

  #letGo(): void {
    if (this.#log?.amendments) this.#log.amendments.upTo = Number.NEGATIVE_INFINITY;
    this.#log?.amendments?.take();
    this.#log = undefined;
    this.#waiting = undefined;
  }

  /** False when the queue has no room: the records wait in memory for as long as they may. */
  #flush(): boolean {
    this.#waiting = this.#writer.take();
    this.#flushedAt = performance.now();
    return this.#send();
  }

  #send(): boolean {
    const block = this.#waiting;
    if (!block) return true;
    if (!this.#store.hasRoom(block)) return false;
    this.#waiting = undefined;
    // What is refused for another reason is told as a fault, or counted by the store.
    this.#store.append(this.id, block);
    return true;
  }
}
