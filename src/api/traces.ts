/** Owns the native traces of a node: which run, which have stopped, and when one stops by itself. */

import { TraceLog } from '../observers/trace-log.js';
import type { Observer } from '../trace/observer.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import type { PayloadCodec } from '../wire/payload.js';
import type { TraceOptions } from './trace-options.js';

/** What traces need of the node. */
export interface TraceEnvironment {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly after: (milliseconds: number, run: () => void) => unknown;
  readonly cancel: (timer: unknown) => void;
  /** Begins and ends the flow of frames and actions to an observer. */
  readonly watch: (observer: Observer) => void;
  readonly unwatch: (observer: Observer) => void;
  readonly codec: PayloadCodec;
}

export interface Trace {
  readonly id: string;
  readonly options: TraceOptions;
  readonly log: TraceLog;
  /** Milliseconds since the epoch. */
  readonly started: number;
  ended: number | undefined;
}

const MAX_RECORDS = 65_536;
const MAX_PAYLOAD_BYTES = 16 << 20;
/** Stopped traces that stay readable, and running ones at a time: each holds megabytes. */
const MAX_STOPPED = 4;
const MAX_RUNNING = 8;
const TRACE_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export class Traces {
  readonly #env: TraceEnvironment;
  readonly #traces = new Map<string, Trace>();
  readonly #timers = new Map<Trace, unknown>();
  #counter = 0;

  constructor(env: TraceEnvironment) {
    this.#env = env;
  }

  list(includeStopped: boolean): string[] {
    return [...this.#traces.values()]
      .filter(trace => includeStopped || trace.ended === undefined)
      .map(trace => trace.id)
      .sort();
  }

  /** @throws WampError `crossbar.error.no_such_object`. */
  get(id: string): Trace {
    const trace = this.#traces.get(id);
    if (!trace) throw new WampError(ErrorUri.noSuchObject, `No trace with ID '${id}'`);
    return trace;
  }

  /** Starts a trace; without an id it is called `trace1`, `trace2` … */
  start(asked: string | undefined, options: TraceOptions): Trace {
    const id = asked ?? this.#freeId();
    if (!TRACE_ID.test(id)) {
      const expected = 'letters, digits, "_", "." and "-", 64 at most, the first a letter or digit';
      throw new WampError(ErrorUri.invalidArgument, `trace_id is "${id}"; expected ${expected}`);
    }
    if (this.#traces.get(id) && this.#traces.get(id)!.ended === undefined) {
      const text = `could not start trace: a trace with ID "${id}" is already running (or starting)`;
      throw new WampError(ErrorUri.alreadyRunning, text);
    }
    if (this.list(false).length >= MAX_RUNNING) {
      throw new WampError(ErrorUri.alreadyRunning, `${MAX_RUNNING} traces are running; stop one of them first`);
    }
    const log = new TraceLog({
      payload: options.trace_app_payload,
      maxRecords: MAX_RECORDS,
      maxPayloadBytes: MAX_PAYLOAD_BYTES,
      codec: this.#env.codec,
    });
    const trace: Trace = { id, options, log, started: this.#env.clock(), ended: undefined };
    this.#traces.set(id, trace);
    this.#env.watch(log);
    if (options.duration !== null) {
      this.#timers.set(
        trace,
        this.#env.after(options.duration * 1000, () => this.#end(trace)),
      );
    }
    return trace;
  }

  /** Stops a trace; its records stay readable until newer stopped traces push it out. */
  stop(id: string): Trace {
    const trace = this.get(id);
    if (trace.ended === undefined) this.#end(trace);
    return trace;
  }

  close(): void {
    for (const trace of this.#traces.values()) if (trace.ended === undefined) this.#end(trace);
  }

  #end(trace: Trace): void {
    if (trace.ended !== undefined) return;
    trace.ended = this.#env.clock();
    this.#env.cancel(this.#timers.get(trace));
    this.#timers.delete(trace);
    this.#env.unwatch(trace.log);
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
