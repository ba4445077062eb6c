/** Owns the actions that are over and that nobody keeps: their objects serve the next ones, and nothing is left to collect. */

import { TracedAction } from './action.js';

/** More are not needed: so many may be open at once without one being made anew. */
const MAX_FREE = 4096;
/** Characters of the texts of an action that may wait for the next one with it: peers choose them. */
const MAX_TEXT = 1024;

export class ActionPool {
  readonly #free: TracedAction[] = [];
  /** Over, but the router may still hold them as causes. */
  readonly #over: TracedAction[] = [];
  /** Of those that are free, how many have not been needed since the last `trim`. */
  #idle = 0;

  /** One that has yet to begin. */
  take(): TracedAction {
    const action = this.#free.pop();
    if (action === undefined) return new TracedAction();
    if (this.#free.length < this.#idle) this.#idle = this.#free.length;
    return action;
  }

  /** No observer keeps it, and no answer to it is awaited. */
  over(action: TracedAction): void {
    if (action.uri.length + action.method.length + action.error.length > MAX_TEXT) return;
    if (this.#free.length + this.#over.length < MAX_FREE) this.#over.push(action);
  }

  /** The router has let go of the causes of all that is over: no request is in hand, and an answer ends its action last. */
  settle(): void {
    const over = this.#over;
    while (over.length > 0) {
      const action = over.pop()!;
      if (!action.plain) action.clear();
      this.#free.push(action);
    }
  }

  /** Lets go of what has not been needed since the last time, and with it of the sessions that it was about. */
  trim(): void {
    this.#free.splice(0, this.#idle);
    this.#idle = this.#free.length;
  }
}
