/** Owns a clock that tests move by hand. */

import type { Clock } from '../../../src/observers/spans/clock.js';

export class FakeClock implements Clock {
  #now = 1000;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  later(millis: number, run: () => void): () => void {
    const timer = { at: this.#now + millis, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  get next(): number | undefined {
    const at = Math.min(...[...this.#timers].map(timer => timer.at));
    return Number.isFinite(at) ? at - this.#now : undefined;
  }

  /** Lets time pass, timers in their order. */
  pass(millis: number): void {
    const end = this.#now + millis;
    for (let wait = this.next; wait !== undefined && this.#now + wait <= end; wait = this.next) {
      this.#now += wait;
      for (const timer of [...this.#timers]) {
        if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
        timer.run();
      }
    }
    this.#now = end;
  }
}
