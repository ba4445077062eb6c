/** Owns the native traces of one worker: which run, which have stopped, when one stops by itself, who hears of it. */

import { ActionLog } from '../observers/action-log.js';
import type { NamedCodec } from '../observers/kept-payloads.js';
import { type LogOptions, MessageLog } from '../observers/message-log.js';
import type { Persister } from '../observers/persister.js';
import type { StoredTrace } from '../observers/store/index.js';
import { claimOf } from '../observers/trace-filter.js';
import type { Observer } from '../trace/observer.js';
import type { Sampler, SamplingClaim } from '../trace/sampling/sampler.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { isManagementUri } from './procedures.js';
import { LiveTrace, type StopReason, StoredTraceView, type Trace, unreadable } from './trace.js';
import { type TraceOptions, toFilter } from './trace-options.js';

/** What traces need of the node. */
export interface TraceEnvironment {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly after: (milliseconds: number, run: () => void) => unknown;
  readonly cancel: (timer: unknown) => void;
  /** Begins and ends the flow of frames and actions to an observer. */
  readonly watch: (observer: Observer) => void;
  readonly unwatch: (observer: Observer) => void;
  readonly codec: NamedCodec;
  /** For `otel`; gives `undefined` while the node exports no spans. */
  readonly sampler?: () => Sampler | undefined;
  /** For `persist`, where the node has a store. */
  readonly store?: TraceStorage | undefined;
}

/** The store of the node, and by which names it knows this worker's traces. */
export interface TraceStorage {
  readonly persister: Persister;
  readonly node: string;
  readonly worker: string;
}

/** Hears what becomes of traces. */
export interface TraceListener {
  traceStarted(trace: Trace): void;
  /** Records `from` to `to` are new, both included. */
  traceData(trace: Trace, period: Period, from: number, to: number): void;
  traceStopped(trace: Trace): void;
  /** The records of a trace are no longer stored; `persistError` says why. The trace itself goes on. */
  persistFailed?(trace: Trace): void;
}

/** One batching period of a trace. */
export interface Period {
  /** From 0. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
}

/** Stopped traces that stay readable, and running ones at a time: each holds megabytes. */
const MAX_STOPPED = 4;
const MAX_RUNNING = 8;
/** Memory is also where the records of a persisted trace wait for the disk. */
const MIN_PERSISTED_RECORDS = 65_536;
const MIN_PERSISTED_BYTES = 16 << 20;
const TRACE_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export class Traces {
  readonly #env: TraceEnvironment;
  readonly #traces = new Map<string, LiveTrace>();
  readonly #durations = new Map<LiveTrace, unknown>();
  readonly #periods = new Map<LiveTrace, unknown>();
  readonly #claims = new Map<string, { readonly sampler: Sampler; readonly claim: SamplingClaim }>();
  readonly #listeners: TraceListener[] = [];
  #counter = 0;
  /** Traces that were stopped because they harmed the router. */
  stoppedForHarm = 0;

  constructor(env: TraceEnvironment) {
    this.#env = env;
  }

  listen(listener: TraceListener): void {
    this.#listeners.push(listener);
  }

  /** Ids of the running traces, or of all that can be read. */
  list(includeStopped: boolean): string[] {
    if (!includeStopped) return this.running.map(({ id }) => id).sort();
    return [...new Set([...this.#traces.keys(), ...this.#stored().map(({ traceId }) => traceId)])].sort();
  }

  get running(): readonly LiveTrace[] {
    return [...this.#traces.values()].filter(trace => trace.ended === undefined);
  }

  /** @throws WampError `crossbar.error.no_such_object`. */
  get(id: string): Trace {
    const trace = this.#traces.get(id) ?? this.#storedTrace(id);
    if (!trace) throw new WampError(ErrorUri.noSuchObject, `No trace with ID '${id}'`);
    if (trace instanceof LiveTrace) trace.log.expire(this.#env.clock());
    return trace;
  }

  #stored(): StoredTrace[] {
    const { store } = this.#env;
    return store ? store.persister.list(store.worker) : [];
  }

  #storedTrace(id: string): StoredTraceView | undefined {
    const stored = this.#stored().findLast(({ traceId }) => traceId === id);
    return stored && new StoredTraceView(stored, this.#env.store!.persister);
  }

  /** Starts a trace; without an id it is called `trace1`, `trace2` … */
  start(asked: string | undefined, options: TraceOptions): Trace {
    const id = asked ?? this.#freeId();
    if (!TRACE_ID.test(id)) {
      const expected = 'letters, digits, "_", "." and "-", 64 at most, the first a letter or digit';
      throw new WampError(ErrorUri.invalidArgument, `trace_id is "${id}"; expected ${expected}`);
    }
    const { store } = this.#env;
    // Never pretend: records that nobody will find after a restart must not look persisted.
    if (options.persist && !store) {
      const text =
        'expected false, or a node with a store for traces: give its configuration "wampscope": {"store": {}}';
      throw new WampError(ErrorUri.invalidConfiguration, `invalid tracing options: persist is true; ${text}`);
    }
    if (this.#traces.get(id)?.ended === undefined && this.#traces.has(id)) {
      const text = `could not start trace: a trace with ID "${id}" is already running (or starting)`;
      throw new WampError(ErrorUri.alreadyRunning, text);
    }
    if (this.#storedTrace(id)) {
      const text = `could not start trace: a trace with ID "${id}" is stored; delete it first, or choose another ID`;
      throw new WampError(ErrorUri.alreadyExists, text);
    }
    if (this.running.length >= MAX_RUNNING) {
      throw new WampError(ErrorUri.alreadyRunning, `${MAX_RUNNING} traces are running; stop one of them first`);
    }
    if (options.otel) this.#claim(id, options);
    const trace = new LiveTrace(id, options, this.#newLog(options), this.#env.clock(), store?.persister);
    if (options.persist) this.#persist(trace, store!);
    this.#traces.set(id, trace);
    this.#env.watch(trace.log);
    if (options.duration !== null) {
      const end = (): void => this.#end(trace, 'duration');
      this.#durations.set(trace, this.#env.after(options.duration * 1000, end));
    }
    this.#nextPeriod(trace, trace.started);
    for (const listener of this.#listeners) listener.traceStarted(trace);
    return trace;
  }

  #claim(id: string, options: TraceOptions): void {
    const sampler = this.#env.sampler?.();
    if (!sampler) {
      const text = 'expected false: this node exports no spans; give it wampscope.telemetry.endpoint';
      throw new WampError(ErrorUri.invalidConfiguration, `invalid tracing options: otel is true; ${text}`);
    }
    const claim = claimOf(toFilter(options.filter), isManagementUri);
    sampler.claim(claim);
    this.#claims.set(id, { sampler, claim });
  }

  #persist(trace: LiveTrace, { persister, node, worker }: TraceStorage): void {
    const meta = { traceId: trace.id, node, worker, options: { ...trace.options }, started: trace.started };
    trace.persistence = persister.begin(meta, trace.log, () => {
      for (const listener of this.#listeners) listener.persistFailed?.(trace);
    });
  }

  #newLog(options: TraceOptions): LiveTrace['log'] {
    const { persist, max_records, max_bytes } = options;
    const records = persist ? Math.max(max_records, MIN_PERSISTED_RECORDS) : max_records;
    const logOptions: LogOptions = {
      payload: options.trace_app_payload,
      redact: options.redact,
      internal: options.internal,
      filter: toFilter(options.filter),
      maxRecords: records,
      maxBytes: persist ? Math.max(max_bytes, MIN_PERSISTED_BYTES) : max_bytes,
      maxAge: options.limit * 1000,
      codec: this.#env.codec,
      isOwn: isManagementUri,
    };
    return options.trace_level === 'action' ? new ActionLog(logOptions) : new MessageLog(logOptions);
  }

  #nextPeriod(trace: LiveTrace, started: number): void {
    const run = (): void => {
      const now = this.#env.clock();
      trace.log.expire(now);
      this.#tell(trace, started, now);
      // A trace that gives up what it was to hold back would look whole and not be.
      if (trace.log.exhausted) this.#end(trace, 'byte_bound');
      else this.#nextPeriod(trace, now);
    };
    this.#periods.set(trace, this.#env.after(trace.options.batching_period, run));
  }

  /** Only when there is something to tell. */
  #tell(trace: LiveTrace, started: number, finished: number): void {
    const period = { number: trace.periods++, started, finished };
    const { firstSeq, nextSeq } = trace.log;
    const from = Math.max(trace.told, firstSeq);
    trace.told = nextSeq;
    if (from >= nextSeq) return;
    for (const listener of this.#listeners) listener.traceData(trace, period, from, nextSeq - 1);
  }

  /** Stops a trace; its records stay readable: in memory until newer stopped traces push it out, in the store longer. */
  stop(id: string, reason: StopReason = 'requested'): Trace {
    const trace = this.get(id);
    if (trace instanceof LiveTrace) this.#end(trace, reason);
    return trace;
  }

  /** Stops a trace and forgets it; rejects with a WampError when the store cannot. */
  async delete(id: string): Promise<void> {
    const { persistentId } = this.stop(id, 'deleted');
    if (persistentId !== undefined) {
      try {
        await this.#env.store!.persister.delete(persistentId, this.#env.clock());
      } catch (error) {
        throw error instanceof Error ? unreadable(error) : error;
      }
    }
    this.#traces.delete(id);
  }

  close(): void {
    for (const trace of this.running) this.#end(trace, 'shutdown');
  }

  #end(trace: LiveTrace, reason: StopReason): void {
    if (trace.ended !== undefined) return;
    const now = this.#env.clock();
    trace.ended = now;
    trace.stopReason = reason;
    if (reason === 'event_loop_delay' || reason === 'byte_bound') this.stoppedForHarm++;
    const claimed = this.#claims.get(trace.id);
    claimed?.sampler.unclaim(claimed.claim);
    this.#claims.delete(trace.id);
    this.#env.cancel(this.#durations.get(trace));
    this.#env.cancel(this.#periods.get(trace));
    this.#durations.delete(trace);
    this.#periods.delete(trace);
    this.#env.unwatch(trace.log);
    // The tail of the last period, which no timer will tell of.
    this.#tell(trace, now, now);
    trace.persistence?.end(now, reason);
    for (const listener of this.#listeners) listener.traceStopped(trace);
    this.#evict();
  }

  /** The oldest that have stopped go; those that the disk has not got yet may wait for it, but not in any number. */
  #evict(): void {
    const stopped = [...this.#traces.values()]
      .filter(({ ended }) => ended !== undefined)
      .sort((a, b) => b.ended! - a.ended!);
    for (const [age, trace] of stopped.entries()) {
      const { persistence } = trace;
      if (age < MAX_STOPPED || (persistence?.isSettled === false && age < 2 * MAX_STOPPED)) continue;
      this.#traces.delete(trace.id);
      if (persistence) this.#env.store!.persister.forget(persistence);
    }
  }

  #freeId(): string {
    const taken = this.list(true);
    do this.#counter++;
    while (taken.includes(`trace${this.#counter}`));
    return `trace${this.#counter}`;
  }
}
