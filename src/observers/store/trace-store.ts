/** Owns the store of native traces as the router sees it: it hands over blocks, never waits, and is told what came of them. */

import type { Worker } from 'node:worker_threads';
import type { Amendment } from '../amendments.js';
import type { LoggedMessage } from '../logged-message.js';
import type { RecordBlock } from '../record-block.js';
import type { FindCodec } from './block-reader.js';
import { Database, isFullDisk, storeExists } from './database.js';
import type { Report, WriterSettings } from './messages.js';
import { DISK_IS_FULL, isFatal, reasonOf, type StoredTrace, type TraceMeta, TraceStoreError } from './stored-trace.js';
import { spawnWriter, WriterLink } from './writer-link.js';

export interface StoreLog {
  warn(message: string): void;
}

export interface TraceStoreOptions {
  /** Decodes stored payloads. */
  readonly serializers: FindCodec;
  /** Octets of all traces together; the oldest go first. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Milliseconds for which records are kept. Default 7 days. */
  readonly maxAge?: number;
  /** Octets of blocks that may be on their way to the disk; what comes on top is lost. Default 64 MiB. */
  readonly maxQueueBytes?: number;
  /** Every record from `firstSeq` to `seq` is stored, except `lost` ones that came too fast. */
  readonly onPersisted?: (persistentId: string, seq: number, lost: number, firstSeq: number) => void;
  /** No record of this trace is stored from now on. Called once per trace, never from within `begin` or `append`. */
  readonly onFault?: (persistentId: string, reason: string) => void;
  /** The oldest records of a running trace have gone, to keep a limit. */
  readonly onTrimmed?: (persistentId: string, firstSeq: number, lost: number) => void;
  /** Everything of a trace is stored, its end too. */
  readonly onEnded?: (persistentId: string) => void;
  /** A trace that had ended has gone, to keep a limit. */
  readonly onRemoved?: (persistentId: string) => void;
  /** Starts the thread that writes; tests watch it. */
  readonly spawn?: (settings: WriterSettings) => Worker;
}

/** What can be read of a store. */
export interface StoredTraces {
  /** All traces, the oldest first. @throws TraceStoreError */
  list(): StoredTrace[];
  /**
   * The first `limit` records from `fromSeq` to `toSeq`, both included, as far as they are stored.
   *
   * @throws TraceStoreError; RecordBlockError when the file is damaged.
   */
  read(persistentId: string, fromSeq: number, toSeq: number, limit: number): LoggedMessage[];
  close(): Promise<void>;
}

const MAX_BYTES = 1 << 30;
const MAX_AGE_MS = 7 * 86_400_000;
const MAX_QUEUE_BYTES = 64 << 20;
const CLOSE_LIMIT_MS = 5000;

/** A trace until the store has its end. */
interface LiveTrace {
  readonly meta: TraceMeta;
  ended: { readonly at: number; readonly reason: string } | undefined;
  /** Set when its persistence has stopped. */
  fault: string | undefined;
}

export class TraceStore implements StoredTraces {
  readonly #directory: string;
  readonly #options: TraceStoreOptions;
  readonly #maxBytes: number;
  readonly #maxQueueBytes: number;
  readonly #log: StoreLog;
  readonly #link: WriterLink;
  readonly #live = new Map<string, LiveTrace>();
  readonly #deletions = new Map<number, (report: Extract<Report, { kind: 'deleted' }> | undefined) => void>();
  #database: Database | undefined;
  /** Where the file can be read but not written. */
  #reader: Database | undefined;
  #isOwner = false;
  #calls = 0;
  #isRestarting = false;
  #isClosed = false;
  /** Records that were not handed over, because too much was on its way already. */
  dropped = 0;

  /** Use `openTraceStore`. */
  constructor(directory: string, options: TraceStoreOptions, log: StoreLog) {
    this.#directory = directory;
    this.#options = options;
    this.#maxBytes = positive('maxBytes', options.maxBytes ?? MAX_BYTES);
    this.#maxQueueBytes = positive('maxQueueBytes', options.maxQueueBytes ?? MAX_QUEUE_BYTES);
    this.#log = log;
    const limits = { maxBytes: this.#maxBytes, maxAge: positive('maxAge', options.maxAge ?? MAX_AGE_MS) };
    const spawn = options.spawn ?? spawnWriter;
    this.#link = new WriterLink(gate => spawn({ directory, limits, live: this.#running(), gate }), {
      onReport: report => this.#linkOnReport(report),
      onDeath: (reason, again) => this.#linkOnDeath(reason, again),
    });
    if (!storeExists(directory)) return;
    const fault = this.#start();
    if (fault !== undefined) log.warn(`trace store: ${fault}; no trace can be stored in ${directory}`);
  }

  /** A trace begins; what it stores can be read as soon as `onPersisted` tells. */
  begin(meta: TraceMeta): void {
    const { persistentId } = meta;
    this.#live.set(persistentId, { meta, ended: undefined, fault: undefined });
    const fault = this.#start();
    if (fault === undefined) this.#link.send({ kind: 'begin', meta });
    // Never from within a call of the trace's.
    else if (!this.#isRestarting) setImmediate(() => this.#fail(persistentId, fault));
  }

  /**
   * Hands a block over; its buffer is no longer the caller's. The blocks of a trace come in the order of their
   * numbers. False when it is lost, because the disk is too slow or the trace's persistence has stopped.
   */
  append(persistentId: string, block: RecordBlock): boolean {
    const live = this.#live.get(persistentId);
    if (!live || live.fault !== undefined) return false;
    if (this.hasRoom(block) && this.#link.send({ kind: 'append', persistentId, ...block })) return true;
    this.dropped += block.count;
    return false;
  }

  /** Whether `append` would take the block now, as far as the queue is concerned. */
  hasRoom(block: RecordBlock): boolean {
    const { octets } = this.#link;
    // One that is larger than the queue has to get through as well.
    return octets === 0 || octets + block.buffer.byteLength <= this.#maxQueueBytes;
  }

  /** Changes records that were handed over; those of the queue that never arrive are not missed. */
  amend(persistentId: string, amendments: readonly Amendment[]): void {
    const live = this.#live.get(persistentId);
    if (live && live.fault === undefined) this.#link.send({ kind: 'amend', persistentId, amendments });
  }

  /** A trace ends; its blocks so far are stored before that. `ended` in milliseconds since the epoch. */
  end(persistentId: string, ended: number, reason: string): void {
    const live = this.#live.get(persistentId);
    if (!live) return;
    live.ended = { at: ended, reason };
    if (live.fault === undefined) this.#link.send({ kind: 'end', persistentId, ended, reason });
    else this.#live.delete(persistentId);
  }

  /** Waits until all that was handed over is stored or told as a fault; false when `limit` ms were not enough. */
  settled(limit: number): Promise<boolean> {
    return this.#link.settled(limit);
  }

  list(): StoredTrace[] {
    return this.#reading(database => database.list()).map(trace => {
      const live = this.#live.get(trace.persistentId);
      if (trace.status !== 'running') return trace;
      if (!live) return { ...trace, status: 'interrupted' };
      return live.fault === undefined ? trace : { ...trace, status: 'stopped', fault: live.fault };
    });
  }

  read(persistentId: string, fromSeq: number, toSeq: number, limit: number): LoggedMessage[] {
    const { serializers } = this.#options;
    return this.#reading(database => database.read(persistentId, fromSeq, toSeq, limit, serializers));
  }

  /**
   * Deletes a trace that does not run, or whose end was told; false when there is none of that name.
   *
   * @throws TraceStoreError when it runs, or when the store cannot be written.
   */
  async delete(persistentId: string): Promise<boolean> {
    const live = this.#live.get(persistentId);
    if (live && live.fault === undefined && !live.ended) throw new TraceStoreError(`trace ${persistentId} is running`);
    const fault = this.#start();
    if (fault !== undefined) throw new TraceStoreError(fault);
    const call = this.#calls++;
    const report = await new Promise<Extract<Report, { kind: 'deleted' }> | undefined>(resolve => {
      this.#deletions.set(call, resolve);
      if (!this.#link.send({ kind: 'delete', persistentId, call })) this.#loseDeletions();
    });
    if (!report) throw new TraceStoreError('the thread that writes the store has died');
    if (report.reason !== undefined) throw new TraceStoreError(report.reason);
    this.#live.delete(persistentId);
    return report.found;
  }

  /** Stores what was handed over and closes the file. Traces that were not ended are interrupted. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#link.close(CLOSE_LIMIT_MS);
    this.#loseDeletions();
    await this.#closeReader();
    await this.#closeDatabase();
  }

  /** Opens the file and starts the thread, unless that was done; the reason when it cannot be done. */
  #start(): string | undefined {
    if (this.#isRestarting) return 'the thread that writes is being started again';
    return this.#open() ?? this.#link.start();
  }

  /** Opens the file unless it is open; the reason when that cannot be done. */
  #open(): string | undefined {
    if (this.#database && this.#isOwner) return undefined;
    if (this.#isClosed) return 'the store is closed';
    // Two handles to one file would share what the first may do.
    if (this.#reader) void this.#closeReader();
    try {
      this.#database ??= Database.open(this.#directory, this.#maxBytes);
      if (!this.#isOwner) this.#database.claim();
      this.#isOwner = true;
      return undefined;
    } catch (error) {
      if (isFatal(error)) void this.#closeDatabase();
      return isFullDisk(this.#directory, error) ? DISK_IS_FULL : reasonOf(error);
    }
  }

  #reading<T>(run: (database: Database) => T[]): T[] {
    if (this.#isClosed) throw new TraceStoreError('the store is closed');
    if (!this.#database && !storeExists(this.#directory)) return [];
    const fault = this.#reader ? undefined : this.#open();
    const database = this.#database ?? this.#openReader(fault);
    return run(database);
  }

  #openReader(fault: string | undefined): Database {
    try {
      this.#reader ??= Database.openReadOnly(this.#directory);
      return this.#reader;
    } catch (error) {
      throw new TraceStoreError(fault ?? reasonOf(error));
    }
  }

  #running(): string[] {
    return [...this.#live].filter(([, live]) => live.fault === undefined).map(([persistentId]) => persistentId);
  }

  #fail(persistentId: string, reason: string): void {
    const live = this.#live.get(persistentId);
    if (!live || live.fault !== undefined) return;
    live.fault = reason;
    if (live.ended !== undefined) this.#live.delete(persistentId);
    this.#log.warn(`trace store: trace ${persistentId} is no longer stored: ${reason}`);
    this.#options.onFault?.(persistentId, reason);
  }

  #linkOnReport(report: Report): void {
    switch (report.kind) {
      case 'persisted':
        return this.#options.onPersisted?.(report.persistentId, report.seq, report.lost, report.firstSeq);
      case 'trimmed':
        return this.#options.onTrimmed?.(report.persistentId, report.firstSeq, report.lost);
      case 'removed':
        return this.#options.onRemoved?.(report.persistentId);
      case 'fault':
        return this.#fail(report.persistentId, report.reason);
      case 'ended':
        this.#live.delete(report.persistentId);
        return this.#options.onEnded?.(report.persistentId);
      case 'deleted':
        this.#deletions.get(report.call)?.(report);
        this.#deletions.delete(report.call);
        return;
    }
  }

  #linkOnDeath(reason: string, again: boolean): void {
    this.#loseDeletions();
    const next = again ? 'what was on its way there is lost, another is started' : 'no trace is stored any more';
    this.#log.warn(`trace store: the thread that writes has died (${reason}); ${next}`);
    this.#isRestarting = again;
    if (again) {
      void this.#restart();
      return;
    }
    for (const persistentId of this.#running()) this.#fail(persistentId, `the thread that writes has died: ${reason}`);
  }

  /** The next thread is told anew of the traces that run: it may know them, or not yet. */
  async #restart(): Promise<void> {
    // The last handle in the process takes a broken environment with it.
    await this.#closeDatabase();
    this.#isRestarting = false;
    if (this.#isClosed) return;
    const fault = this.#start();
    for (const persistentId of this.#running()) {
      const { meta, ended } = this.#live.get(persistentId)!;
      if (fault !== undefined) this.#fail(persistentId, fault);
      else this.#link.send({ kind: 'begin', meta });
      if (ended) this.#link.send({ kind: 'end', persistentId, ended: ended.at, reason: ended.reason });
    }
  }

  #loseDeletions(): void {
    for (const resolve of this.#deletions.values()) resolve(undefined);
    this.#deletions.clear();
  }

  async #closeReader(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await this.#closed(reader);
  }

  async #closeDatabase(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await this.#closed(database);
  }

  async #closed(database: Database | undefined): Promise<void> {
    try {
      await database?.close();
    } catch (error) {
      this.#log.warn(`trace store: ${reasonOf(error)}`);
    }
  }
}

/** Opens the store of a directory, which is made with the first trace. Never throws for what the disk does: see `onFault`. */
export function openTraceStore(directory: string, options: TraceStoreOptions, log: StoreLog): TraceStore {
  return new TraceStore(directory, options, log);
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TypeError(`Expected \`${name}\` to be a positive integer, got ${value}`);
}
