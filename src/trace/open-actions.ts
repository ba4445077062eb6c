/** Owns the actions that are open beyond the handling of their request, oldest first; in and out cost no lookup. */

import type { TracedAction } from './action.js';

export class OpenActions {
  #oldest: TracedAction | undefined;
  #newest: TracedAction | undefined;
  size = 0;

  get oldest(): TracedAction | undefined {
    return this.#oldest;
  }

  add(action: TracedAction): void {
    action.older = this.#newest;
    if (this.#newest) this.#newest.newer = action;
    else this.#oldest = action;
    this.#newest = action;
    this.size++;
  }

  /** `action` must be in here. */
  remove(action: TracedAction): void {
    const { older, newer } = action;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    // An ended action may be kept for long, and must not keep its neighbours.
    action.older = undefined;
    action.newer = undefined;
    this.size--;
  }

  /** Takes all out, in order. */
  clear(each: (action: TracedAction) => void): void {
    for (let action = this.#oldest; action; action = this.#oldest) {
      this.remove(action);
      each(action);
    }
  }
}
