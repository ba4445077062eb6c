/** Owns the native traces of one worker: which run, which have stopped, when one stops by itself, who hears of it. */

import { ActionLog, type LoggedAction } from '../observers/action-log.js';
import type { LoggedMessage } from '../observers/logged-message.js';
import { type LogOptions, MessageLog, type TraceLog } from '../observers/message-log.js';
import type { NamedCodec } from '../observers/record-ring.js';
import { claimOf } from '../observers/trace-filter.js';
import type { Observer } from '../trace/observer.js';
import type { Sampler, SamplingClaim } from '../trace/sampling/sampler.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { isManagementUri } from './procedures.js';
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
}

/** Hears what becomes of traces. */
export interface TraceListener {
  traceStarted(trace: Trace): void;
  /** Records `from` to `to` are new, both included. */
  traceData(trace: Trace, period: Period, from: number, to: number): void;
  traceStopped(trace: Trace): void;
}

/** One batching period of a trace. */
export interface Period {
  /** From 0. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
}

export type StopReason = 'requested' | 'duration' | 'shutdown' | 'event_loop_delay';

export interface Trace {
  readonly id: string;
  readonly options: TraceOptions;
  readonly log: TraceLog<LoggedMessage> | TraceLog<LoggedAction>;
  /** Milliseconds since the epoch. */
  readonly started: number;
  ended: number | undefined;
  stopReason: StopReason | undefined;
  /** The batching periods so far. */
  periods: number;
  /** The next record that listeners have not heard of. */
  told: number;
}

/** Stopped traces that stay readable, and running ones at a time: each holds megabytes. */
const MAX_STOPPED = 4;
const MAX_RUNNING = 8;
const TRACE_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export class Traces {
  readonly #env: TraceEnvironment;
  readonly #traces = new Map<string, Trace>();
  readonly #durations = new Map<Trace, unknown>();
  readonly #periods = new Map<Trace, unknown>();
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

  list(includeStopped: boolean): string[] {
    return [...this.#traces.values()]
      .filter(trace => includeStopped || trace.ended === undefined)
      .map(trace => trace.id)
      .sort();
  }

  get running(): readonly Trace[] {
    return [...this.#traces.values()].filter(trace => trace.ended === undefined);
  }

  /** @throws WampError `crossbar.error.no_such_object`. */
  get(id: string): Trace {
    const trace = this.#traces.get(id);
    if (!trace) throw new WampError(ErrorUri.noSuchObject, `No trace with ID '${id}'`);
    trace.log.expire(this.#env.clock());
    return trace;
  }

  /** Starts a trace; without an id it is called `trace1`, `trace2` … */
  start(asked: string | undefined, options: TraceOptions): Trace {
    const id = asked ?? this.#freeId();
    if (!TRACE_ID.test(id)) {
      const expected = 'letters, digits, "_", "." and "-", 64 at most, the first a letter or digit';
      throw new WampError(ErrorUri.invalidArgument, `trace_id is "${id}"; expected ${expected}`);
    }
    // Never pretend: records that nobody will find after a restart must not look persisted.
    if (options.persist) {
      const text = 'invalid tracing options: persist is true; expected false: this node has no store for traces';
      throw new WampError(ErrorUri.invalidConfiguration, text);
    }
    const known = this.#traces.get(id);
    if (known && known.ended === undefined) {
      const text = `could not start trace: a trace with ID "${id}" is already running (or starting)`;
      throw new WampError(ErrorUri.alreadyRunning, text);
    }
    if (this.running.length >= MAX_RUNNING) {
      throw new WampError(ErrorUri.alreadyRunning, `${MAX_RUNNING} traces are running; stop one of them first`);
    }
    const trace: Trace = {
      id,
      options,
      log: this.#newLog(options),
      started: this.#env.clock(),
      ended: undefined,
      stopReason: undefined,
      periods: 0,
      told: 0,
    };
    if (options.otel) this.#claim(id, options);
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

  #newLog(options: TraceOptions): Trace['log'] {
    const logOptions: LogOptions = {
      payload: options.trace_app_payload,
      redact: options.redact,
      internal: options.internal,
      filter: toFilter(options.filter),
      maxRecords: 2 ** Math.ceil(Math.log2(options.max_records)),
      maxBytes: options.max_bytes,
      maxAge: options.limit * 1000,
      codec: this.#env.codec,
      isOwn: isManagementUri,
    };
    return options.trace_level === 'action' ? new ActionLog(logOptions) : new MessageLog(logOptions);
  }

  #nextPeriod(trace: Trace, started: number): void {
    const run = (): void => {
      const now = this.#env.clock();
      trace.log.expire(now);
      this.#tell(trace, started, now);
      this.#nextPeriod(trace, now);
    };
    this.#periods.set(trace, this.#env.after(trace.options.batching_period, run));
  }

  /** Only when there is something to tell. */
  #tell(trace: Trace, started: number, finished: number): void {
    const period = { number: trace.periods++, started, finished };
    const { firstSeq, nextSeq } = trace.log;
    const from = Math.max(trace.told, firstSeq);
    trace.told = nextSeq;
    if (from >= nextSeq) return;
    for (const listener of this.#listeners) listener.traceData(trace, period, from, nextSeq - 1);
  }

  /** Stops a trace; its records stay readable until newer stopped traces push it out. */
  stop(id: string, reason: StopReason = 'requested'): Trace {
    const trace = this.get(id);
    this.#end(trace, reason);
    return trace;
  }

  /** Stops a trace and forgets it. */
  delete(id: string): void {
    this.stop(id);
    this.#traces.delete(id);
  }

  close(): void {
    for (const trace of this.running) this.#end(trace, 'shutdown');
  }

  #end(trace: Trace, reason: StopReason): void {
    if (trace.ended !== undefined) return;
    const now = this.#env.clock();
    trace.ended = now;
    trace.stopReason = reason;
    if (reason === 'event_loop_delay') this.stoppedForHarm++;
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
    for (const listener of this.#listeners) listener.traceStopped(trace);
    const stopped = [...this.#traces.values()]
      .filter(other => other.ended !== undefined)
      .sort((a, b) => a.ended! - b.ended!);
    for (const oldest of stopped.slice(0, -MAX_STOPPED)) this.#traces.delete(oldest.id);
  }

  #freeId(): string {
    do this.#counter++;
    while (this.#traces.has(`trace${this.#counter}`));
    return `trace${this.#counter}`;
  }
}
