/** Owns one native trace as the API tells of it: one that this process has recorded, or one that only the store knows. */

import { performance } from 'node:perf_hooks';
import type { LoggedAction } from '../observers/logged-action.js';
import type { LoggedMessage } from '../observers/logged-message.js';
import type { TraceLog } from '../observers/message-log.js';
import type { Persistence } from '../observers/persistence.js';
import type { Persister } from '../observers/persister.js';
import { type StoredTrace, TraceStoreError } from '../observers/store/index.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import type { TraceOptions } from './trace-options.js';

export type StopReason = 'requested' | 'duration' | 'shutdown' | 'event_loop_delay' | 'byte_bound' | 'deleted';

export type LoggedRecord = LoggedMessage | LoggedAction;

export interface Trace {
  readonly id: string;
  readonly options: TraceOptions;
  /** `interrupted`: the process ended before the trace did. */
  readonly status: 'running' | 'stopped' | 'interrupted';
  readonly stopReason: string | undefined;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly ended: number | undefined;
  /** The batching periods so far. */
  readonly periods: number;
  /** Number of the oldest record that can be read, and of the next. */
  readonly firstSeq: number;
  readonly nextSeq: number;
  /** Records that cannot be read any more, or never could. */
  readonly dropped: number;
  /** Its name in the store; `undefined` when it is not persisted. */
  readonly persistentId: string | undefined;
  /** Every record up to this one outlives the process; `undefined` while none does. */
  readonly persistedSeq: number | undefined;
  /** Why its records are no longer stored. */
  readonly persistError: string | undefined;
  /** When the process that recorded it counted 0, in milliseconds since the epoch. */
  readonly origin: number;
  /** The first `limit` records from `from` to `to`, both included, as far as there are any. */
  read(from: number, to: number, limit: number): LoggedRecord[];
}

/** Recorded by this process, running or not. */
export class LiveTrace implements Trace {
  readonly id: string;
  readonly options: TraceOptions;
  readonly log: TraceLog<LoggedMessage> | TraceLog<LoggedAction>;
  readonly started: number;
  readonly origin = performance.timeOrigin;
  readonly #persister: Persister | undefined;
  persistence: Persistence | undefined;
  ended: number | undefined;
  stopReason: StopReason | undefined;
  periods = 0;
  /** The next record that listeners have not heard of. */
  told = 0;

  constructor(
    id: string,
    options: TraceOptions,
    log: TraceLog<LoggedMessage> | TraceLog<LoggedAction>,
    started: number,
    persister: Persister | undefined,
  ) {
    this.id = id;
    this.options = options;
    this.log = log;
    this.started = started;
    this.#persister = persister;
  }

  get status(): 'running' | 'stopped' {
    return this.ended === undefined ? 'running' : 'stopped';
  }

  get firstSeq(): number {
    const { persistence, log } = this;
    return persistence?.hasRecords ? Math.min(persistence.firstSeq, log.firstSeq) : log.firstSeq;
  }

  get nextSeq(): number {
    return this.log.nextSeq;
  }

  get dropped(): number {
    const { persistence, log } = this;
    if (!persistence?.hasRecords) return log.firstSeq + log.overflow;
    // What is neither in memory nor in the store: after a fault all that the memory has let go of since.
    const reached = persistence.fault === undefined ? persistence.handedSeq : persistence.persistedSeq + 1;
    const between = Math.max(0, log.firstSeq - reached);
    return this.firstSeq + persistence.lost + between + log.overflow;
  }

  get persistentId(): string | undefined {
    return this.persistence?.id;
  }

  get persistedSeq(): number | undefined {
    return this.persistence?.hasRecords ? this.persistence.persistedSeq : undefined;
  }

  get persistError(): string | undefined {
    return this.persistence?.fault;
  }

  read(from: number, to: number, limit: number): LoggedRecord[] {
    const { log, persistence } = this;
    const old =
      persistence?.hasRecords && from < log.firstSeq
        ? readStored(this.#persister!, persistence.id, from, Math.min(to, log.firstSeq - 1), limit)
        : [];
    const first = Math.max(from, log.firstSeq);
    const rest = log.read(first, Math.min(to, first + limit - old.length - 1));
    return old.length === 0 ? rest : [...old, ...rest];
  }
}

/** Known from the store alone: of an earlier process, or pushed out of memory. */
export class StoredTraceView implements Trace {
  readonly #stored: StoredTrace;
  readonly #persister: Persister;
  readonly periods = 0;

  constructor(stored: StoredTrace, persister: Persister) {
    this.#stored = stored;
    this.#persister = persister;
  }

  get id(): string {
    return this.#stored.traceId;
  }

  get options(): TraceOptions {
    return this.#stored.options as unknown as TraceOptions;
  }

  /** A trace of this process that is in the store alone has stopped, even if the store will hear of it only soon. */
  get status(): 'stopped' | 'interrupted' {
    return this.#stored.status === 'interrupted' ? 'interrupted' : 'stopped';
  }

  get stopReason(): string | undefined {
    return this.#stored.stopReason ?? undefined;
  }

  get started(): number {
    return this.#stored.started;
  }

  get ended(): number {
    return this.#stored.ended ?? this.#stored.started;
  }

  get firstSeq(): number {
    return this.#stored.firstSeq;
  }

  get nextSeq(): number {
    return this.#stored.persistedSeq + 1;
  }

  get dropped(): number {
    return this.#stored.firstSeq + this.#stored.lost;
  }

  get persistentId(): string {
    return this.#stored.persistentId;
  }

  get persistedSeq(): number | undefined {
    const { persistedSeq, firstSeq } = this.#stored;
    return persistedSeq < firstSeq ? undefined : persistedSeq;
  }

  get persistError(): string | undefined {
    return this.#stored.fault ?? undefined;
  }

  get origin(): number {
    return this.#stored.origin;
  }

  read(from: number, to: number, limit: number): LoggedRecord[] {
    return readStored(this.#persister, this.#stored.persistentId, from, to, limit);
  }
}

function readStored(persister: Persister, id: string, from: number, to: number, limit: number): LoggedRecord[] {
  try {
    return persister.read(id, from, to, limit);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw unreadable(error);
  }
}

/** The store cannot do it, for a reason that the caller may be told. */
export function unreadable(error: Error): WampError | Error {
  const isTold = error instanceof TraceStoreError || error.name === 'RecordBlockError';
  return isTold ? new WampError(ErrorUri.runtimeError, `trace store: ${error.message}`) : error;
}
