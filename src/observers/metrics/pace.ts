/** Owns that scrapes do not hold up the router: they work in short slices, one in a turn of the event loop. */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work before others have their turn. */
const SLICE = 1;

/** All scrapes of a node wait in one line: many at once take longer, not more of each turn. */
export class Pace {
  #line: Promise<unknown> = Promise.resolve();

  /** Resolves in a turn of its own. */
  turn(): Promise<unknown> {
    this.#line = this.#line.then(() => nextTurn());
    return this.#line;
  }
}

/** The slices of one scrape, and what they cost. */
export class Slices {
  readonly #pace: Pace;
  #since = 0;
  /** Milliseconds of this turn before the last suspension. */
  #spent = 0;
  #duration = 0;
  #stall = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Work begins. */
  resume(): void {
    this.#since = performance.now();
  }

  /** Work stops, perhaps in the middle of a turn: what follows may still belong to it. */
  suspend(): void {
    this.#spent += performance.now() - this.#since;
  }

  get isOver(): boolean {
    return this.#spent + (performance.now() - this.#since) > SLICE;
  }

  /** Lets others run, and resumes in another turn. */
  async rest(): Promise<void> {
    this.suspend();
    this.#close();
    await this.#pace.turn();
    this.resume();
  }

  /** The work is done. Seconds: all of it, and its longest turn. */
  finish(): { duration: number; stall: number } {
    this.suspend();
    this.#close();
    return { duration: this.#duration / 1000, stall: this.#stall / 1000 };
  }

  #close(): void {
    this.#duration += this.#spent;
    this.#stall = Math.max(this.#stall, this.#spent);
    this.#spent = 0;
  }
}
