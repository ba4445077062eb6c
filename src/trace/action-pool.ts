/** Owns the actions that are over and that nobody keeps: their objects serve the next ones, and nothing is left to collect. */

import { TracedAction } from './action.js';

/** More are not needed: so many may be open at once without one being made anew. */
const MAX_FREE = 4096;

export class ActionPool {
  readonly #free: TracedAction[] = [];
  /** Over, but the router may still hold them as causes. */
  readonly #over: TracedAction[] = [];

  /** One that has yet to begin. */
  take(): TracedAction {
    return this.#free.pop() ?? new TracedAction();
  }

  /** No observer keeps it, and no answer to it is awaited. */
  over(action: TracedAction): void {
    if (this.#free.length + this.#over.length < MAX_FREE) this.#over.push(action);
  }

  /** The router handles nothing: it has let go of the causes of all that is over. */
  settle(): void {
    const over = this.#over;
    while (over.length > 0) this.#free.push(over.pop()!);
  }
}
