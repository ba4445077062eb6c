/** Owns the protection of the router from its traces: one that makes the event loop late is stopped, and the log hears why. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Trace } from '../api/trace.js';
import type { TraceListener, Traces } from '../api/traces.js';

/** Milliseconds: how late the event loop may be, at the 99th percentile of a second. */
const MAX_DELAY = 200;
/** Seconds in a row. */
const PATIENCE = 5;
/** Milliseconds; a finer resolution costs CPU and tells no more. */
const RESOLUTION = 20;

/** Measures only while a trace is running, because measuring wakes the loop. */
export class LoopGuard implements TraceListener {
  readonly #traces: Traces;
  readonly #onHarm: (trace: Trace, why: string) => void;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  #timer: NodeJS.Timeout | undefined;
  #lateSeconds = 0;

  constructor(traces: Traces, onHarm: (trace: Trace, why: string) => void) {
    this.#traces = traces;
    this.#onHarm = onHarm;
  }

  traceStarted(): void {
    if (this.#timer) return;
    this.#lateSeconds = 0;
    this.#delay.reset();
    this.#delay.enable();
    this.#timer = setInterval(() => this.#look(), 1000).unref();
  }

  traceData(): void {}

  traceStopped(trace: Trace): void {
    if (trace.stopReason === 'byte_bound') this.#onHarm(trace, `more than ${trace.options.max_bytes} octets held back`);
    if (this.#traces.running.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#delay.disable();
  }

  #look(): void {
    const late = this.#delay.percentile(99) / 1e6 > MAX_DELAY + RESOLUTION;
    this.#delay.reset();
    this.#lateSeconds = late ? this.#lateSeconds + 1 : 0;
    if (this.#lateSeconds < PATIENCE) return;
    this.#lateSeconds = 0;
    // The newest is the likeliest cause; if it was another, that one is next.
    const newest = this.#traces.running.at(-1);
    if (!newest) return;
    this.#traces.stop(newest.id, 'event_loop_delay');
    this.#onHarm(newest, `the event loop was late for ${PATIENCE} s`);
  }
}
