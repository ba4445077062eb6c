/** Owns time that passes only when a test says so: a clock and timers for the router. */

import type { Timers } from '../../src/realm/dealer.js';

/** 2025-07-20T10:13:20.000Z: nanoseconds since the epoch have 19 digits, as today. */
export const START = 1_753_006_400_000;

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class FakeTime implements Timers {
  /** Milliseconds since the epoch. */
  now = START;
  /** Thrown by the clock: the way to make the router's own code fail. */
  fault: Error | undefined;
  readonly clock = (): number => {
    if (this.fault) throw this.fault;
    return this.now;
  };
  readonly #timers = new Set<Timer>();

  after(milliseconds: number, run: () => void): unknown {
    const timer = { at: this.now + milliseconds, run };
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /** Timers that neither ran nor were canceled. */
  get open(): number {
    return this.#timers.size;
  }

  /** Lets time pass and runs what falls due, each timer at its own time. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let timer = this.#first(end); timer; timer = this.#first(end)) {
      this.#timers.delete(timer);
      this.now = Math.max(this.now, timer.at);
      timer.run();
    }
    this.now = end;
  }

  #first(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}
