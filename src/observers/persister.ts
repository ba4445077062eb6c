/** Owns the persisted traces of a node: who hands over to the store and when, and what of stored traces can be read. */

import { randomUUID } from 'node:crypto';
import { type LoggedAction, storedRecord } from './logged-action.js';
import type { LoggedMessage } from './logged-message.js';
import type { TraceLog } from './message-log.js';
import { Persistence } from './persistence.js';
import {
  openTraceStore,
  type StoredTrace,
  type StoreLog,
  type TraceMeta,
  type TraceStore,
  type TraceStoreOptions,
} from './store/index.js';

export interface PersisterOptions extends Pick<TraceStoreOptions, 'serializers'> {
  readonly directory: string;
  /** Octets of all traces. */
  readonly maxBytes: number;
  /** Milliseconds that records are kept. */
  readonly maxAge: number;
  /** Octets that may be on their way to the disk; what comes on top waits in the memory of its trace. */
  readonly maxQueueBytes?: number;
}

/** Milliseconds between two looks at what is new. */
const INTERVAL = 20;
/** Milliseconds of one turn of the event loop that may be spent on it. */
const SLICE = 2;
/** Then messages have the event loop for this many times as long: the other thread may have to share the core (ADR 013). */
const REST = 9;
/** Milliseconds for what is left at the end. */
const CLOSE_LIMIT = 5000;

export class Persister {
  readonly #options: PersisterOptions;
  readonly #store: TraceStore;
  readonly #log: StoreLog;
  readonly #known = new Map<string, Persistence>();
  readonly #forgotten = new Set<Persistence>();
  /** Those that still hand over. */
  #active: Persistence[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #complaint = '';

  constructor(options: PersisterOptions, log: StoreLog) {
    const { directory, ...storeOptions } = options;
    this.#options = options;
    this.#log = log;
    this.#store = openTraceStore(
      directory,
      {
        ...storeOptions,
        onPersisted: (id, seq, lost, firstSeq) => this.#onPersisted(id, seq, lost, firstSeq),
        onTrimmed: (id, firstSeq, lost) => this.#onTrimmed(id, firstSeq, lost),
        onEnded: id => this.#onEnded(id),
        onRemoved: id => this.#onRemoved(id),
        onFault: (id, reason) => {
          this.#known.get(id)?.fail(reason);
          this.#tidy();
        },
      },
      log,
    );
  }

  /** From now on the records of `log` are stored. `onFault` is never called from within. */
  begin(
    meta: Omit<TraceMeta, 'persistentId' | 'origin'>,
    log: TraceLog<LoggedMessage> | TraceLog<LoggedAction>,
    onFault: (reason: string) => void,
  ): Persistence {
    const persistence = new Persistence(randomUUID(), log, this.#store, onFault);
    this.#known.set(persistence.id, persistence);
    this.#active.push(persistence);
    this.#store.begin({ ...meta, persistentId: persistence.id, origin: performance.timeOrigin });
    this.#timer ??= setInterval(() => this.#work(), INTERVAL).unref();
    return persistence;
  }

  /** Nobody asks for it any more: what is left of it is stored all the same. */
  forget(persistence: Persistence): void {
    this.#forgotten.add(persistence);
    this.#tidy();
  }

  /** What is stored of the traces of a worker, the oldest first; nothing when the store cannot be read, which is told once. */
  list(worker: string): StoredTrace[] {
    try {
      const traces = this.#store.list().filter(trace => trace.worker === worker);
      this.#complaint = '';
      return traces;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.#complaint) this.#log.warn(`trace store: ${complaint}`);
      this.#complaint = complaint;
      return [];
    }
  }

  /** As the management API tells of it; octets, and seconds. */
  status(): { [name: string]: unknown } {
    const { directory, maxBytes, maxAge } = this.#options;
    const limits = { directory, max_bytes: maxBytes, max_age: maxAge / 1000 };
    try {
      const traces = this.#store.list();
      const bytes = traces.reduce((sum, trace) => sum + trace.bytes, 0);
      return { ...limits, traces: traces.length, bytes, error: null };
    } catch (error) {
      return { ...limits, traces: null, bytes: null, error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** As `StoredTraces.read`. */
  read(id: string, from: number, to: number, limit: number): (LoggedMessage | LoggedAction)[] {
    return this.#store.read(id, from, to, limit).map(storedRecord);
  }

  /** Deletes a trace that has ended. @throws TraceStoreError */
  async delete(id: string, now: number): Promise<void> {
    const persistence = this.#known.get(id);
    persistence?.discard(now, 'deleted');
    this.#tidy();
    await this.#store.delete(id);
    if (persistence) persistence.isRemoved = true;
    this.#known.delete(id);
  }

  /** Stores what is left of traces that have ended, for a few seconds at most, and closes the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const end = performance.now() + CLOSE_LIMIT;
    while (this.#active.length > 0 && performance.now() < end) {
      const more = this.#slice();
      await (more ? new Promise(setImmediate) : this.#store.settled(INTERVAL));
    }
    await this.#store.close();
  }

  /** Waits until all that was handed over is stored; false when `limit` ms were not enough. */
  settled(limit: number): Promise<boolean> {
    return this.#store.settled(limit);
  }

  /** In slices between which messages are routed: however much there is, no turn gets long. */
  #work(): void {
    if (this.#isScheduled) return;
    const begun = performance.now();
    if (!this.#slice()) return;
    this.#isScheduled = true;
    const next = (): void => {
      this.#isScheduled = false;
      this.#work();
    };
    setTimeout(next, REST * (performance.now() - begun)).unref();
  }

  /** Whether there is more that could be done at once. */
  #slice(): boolean {
    const until = performance.now() + SLICE;
    let more = false;
    for (const persistence of this.#active) {
      if (this.#handOver(persistence, until)) more = true;
      if (performance.now() >= until) break;
    }
    // Who comes first now comes last the next time.
    if (more) this.#active.push(this.#active.shift()!);
    this.#tidy();
    return more;
  }

  /** Outside the guard that observers have: a record that cannot be stored must not end the process. */
  #handOver(persistence: Persistence, until: number): boolean {
    try {
      return persistence.handOver(until);
    } catch (error) {
      const reason = `a record cannot be stored: ${error instanceof Error ? error.message : String(error)}`;
      this.#log.warn(`trace store: trace ${persistence.id} is no longer stored: ${reason}`);
      persistence.breakOff(Date.now(), reason);
      return false;
    }
  }

  #tidy(): void {
    for (const persistence of this.#forgotten) {
      if (!persistence.isDone) continue;
      this.#known.delete(persistence.id);
      this.#forgotten.delete(persistence);
    }
    if (this.#active.some(persistence => persistence.isDone)) {
      this.#active = this.#active.filter(persistence => !persistence.isDone);
    }
    if (this.#active.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #onPersisted(id: string, seq: number, lost: number, firstSeq: number): void {
    const persistence = this.#known.get(id);
    if (!persistence) return;
    persistence.firstSeq = firstSeq;
    persistence.persistedSeq = seq;
    persistence.lost = lost;
  }

  #onTrimmed(id: string, firstSeq: number, lost: number): void {
    const persistence = this.#known.get(id);
    if (!persistence) return;
    persistence.firstSeq = firstSeq;
    persistence.lost = lost;
  }

  #onEnded(id: string): void {
    const persistence = this.#known.get(id);
    if (persistence) persistence.isStored = true;
  }

  #onRemoved(id: string): void {
    this.#log.warn(`trace store: the stopped trace ${id} was removed, because the store is over its limits`);
    const persistence = this.#known.get(id);
    if (persistence) persistence.isRemoved = true;
  }
}
