/** Owns the hot side of the rows pipeline: what happens on the router's thread when an action ends. */

import type { TracedAction } from '../../trace/action.js';
import type { Observer } from '../../trace/observer.js';
import { ACTION_SIZE, CHILD_SIZE, childrenOf, MAX_CHILDREN, type Slab, writeRow } from './rows.js';
import type { InternTable } from './table.js';
import type { WorkerLink } from './worker-link.js';

/** The longest that a row waits for its slab to fill: short for who watches, rare for who pays. */
const FLUSH_INTERVAL_MS = 200;

export class SpanWriter implements Observer {
  readonly #link: WorkerLink;
  readonly #table: InternTable;
  #slab: Slab | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  /** Spans of all actions told of. */
  ended = 0;
  /** Of these, the ones for which no slab was free. */
  dropped = 0;

  constructor(link: WorkerLink, table: InternTable) {
    this.#link = link;
    this.#table = table;
  }

  onActionEnd(action: TracedAction): void {
    // The router's own sessions are not traced: the recorder must not record itself.
    if (action.originator.internal) return;
    const all = childrenOf(action);
    const children = Math.min(all, MAX_CHILDREN);
    this.ended += 1 + all;
    this.dropped += all - children;
    const slab = this.#roomFor(children);
    if (slab === undefined) this.dropped += 1 + children;
    else writeRow(slab, action, children, this.#table);
  }

  /** Hands over what has been written. */
  flush(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#slab = undefined;
    this.#link.send(slab, this.#table.takeUpdate());
  }

  /** Hands over what has been written; all actions from now on are dropped. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.flush();
  }

  #roomFor(children: number): Slab | undefined {
    const size = ACTION_SIZE + children * CHILD_SIZE;
    const isTableFull = !this.#table.hasRoom(3 + 2 * children);
    const slab = this.#slab;
    if (slab !== undefined) {
      if (!isTableFull && slab.hasRoom(size)) return slab;
      this.flush();
    }
    if (isTableFull) this.#table.reset();
    return this.#newSlab();
  }

  #newSlab(): Slab | undefined {
    if (this.#isClosed) return undefined;
    this.#slab = this.#link.take();
    if (this.#slab !== undefined) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.flush();
      }, FLUSH_INTERVAL_MS).unref();
    }
    return this.#slab;
  }
}
