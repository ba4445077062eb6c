/** Owns long work in short turns of the event loop, which routes messages between them. */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds. A message waits for one slice at most. */
const SLICE = 3;

export class Slices {
  #began = performance.now();

  /** Whether it is time to let others run; asked every few dozen steps. */
  get over(): boolean {
    return performance.now() - this.#began > SLICE;
  }

  async rest(): Promise<void> {
    await nextTurn();
    this.#began = performance.now();
  }
}
