/** Owns what is measured of the calls of one procedure. */

import { Histogram } from '../session/histogram.js';
import type { Metering } from '../session/metering.js';

/** Ways to fail that one procedure may have before they share one. */
const MAX_FAILURES = 16;

/** Calls with one ending. */
export interface Ending {
  /** `OK` or the URI of the error. */
  readonly status: string;
  /** '' when nothing failed. */
  readonly type: string;
  /** Microseconds. */
  readonly duration: Histogram;
}

/** Calls of one registered URI, also after it was unregistered and registered again: counters never go back. */
export class MethodMeter {
  readonly uri: string;
  readonly ok: Ending;
  readonly failures = new Map<string, Ending>();
  /** Microseconds from INVOCATION written to its answer. */
  readonly callee: Histogram;
  readonly #metering: Metering;
  /** Of what this one has no room for. */
  readonly #others: MethodMeter | undefined;

  constructor(uri: string, metering: Metering, others: MethodMeter | undefined) {
    this.uri = uri;
    this.#metering = metering;
    this.#others = others;
    this.ok = { status: 'OK', type: '', duration: new Histogram(metering.calls) };
    this.callee = new Histogram(metering.calls);
  }

  /** `type` is '' for an error that is no failure. */
  failed(uri: string, type: string, microseconds: number): void {
    const status = this.#metering.errorType(uri);
    const bounded = type === uri ? status : this.#metering.errorType(type);
    this.#ending(status, bounded).duration.add(microseconds);
  }

  #ending(status: string, type: string): Ending {
    const key = `${status} ${type}`;
    const known = this.failures.get(key);
    if (known) return known;
    if (this.#others) {
      if (this.failures.size >= MAX_FAILURES) {
        this.#metering.overflow.rpc_status_code++;
        return this.#others.#ending(status, type);
      }
      if (!this.#metering.takeFailure()) return this.#others.#ending(status, type);
    }
    const ending = { status, type, duration: new Histogram(this.#metering.calls) };
    this.failures.set(key, ending);
    return ending;
  }
}
