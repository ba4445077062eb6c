/** Owns the decision whether a request may be sent to a collector that did not answer lately. Knows no clock. */

import type { BreakerState } from './pipeline.js';

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds from opening, or from a probe that failed, to the next probe. */
  readonly probeAfter: number;
}

/** `closed`: send. `open`: do not. `half_open`: one request is on its way to find out. */
export class Breaker {
  readonly #options: BreakerOptions;
  #inARow = 0;
  #state: BreakerState = 'closed';
  #probeAt = 0;
  opened = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Milliseconds until a request may go, by a clock at `now`: 0 is at once, Infinity when the probe has come back. */
  wait(now: number): number {
    if (this.#state === 'closed') return 0;
    return this.#state === 'open' ? Math.max(0, this.#probeAt - now) : Number.POSITIVE_INFINITY;
  }

  /** A request goes. */
  sent(): void {
    if (this.#state === 'open') this.#state = 'half_open';
  }

  /** The collector answered, be it no. True when that closes the breaker. */
  succeeded(): boolean {
    const closes = this.#state !== 'closed';
    this.#state = 'closed';
    this.#inARow = 0;
    return closes;
  }

  /** It did not, or could not. True when that opens the breaker. */
  failed(now: number): boolean {
    this.#inARow++;
    if (this.#state === 'closed' && this.#inARow < this.#options.failures) return false;
    // A request that was under way when the breaker opened says nothing new.
    const opens = this.#state === 'closed';
    if (this.#state !== 'open') this.#probeAt = now + this.#options.probeAfter;
    this.#state = 'open';
    if (opens) this.opened++;
    return opens;
  }

  /** The next request need not wait. */
  probeNow(): void {
    this.#probeAt = 0;
  }
}
