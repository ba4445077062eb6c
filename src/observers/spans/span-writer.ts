/** Owns the hot side of the rows pipeline: what happens on the router's thread when an action ends. */

import type { TracedAction } from '../../trace/action.js';
import type { TracedInvocation } from '../../trace/invocation.js';
import type { Observer } from '../../trace/observer.js';
import { Reason } from '../../trace/sampling/reason.js';
import type { TracedClosing, TracedOpening } from '../../trace/session.js';
import type { Accounts } from './accounts.js';
import { isImportant, isImportantSession, waitsForCollector } from './importance.js';
import { ACTION_SIZE, CHILD_SIZE, MAX_CHILDREN } from './row-layout.js';
import { childrenOf, entriesFor, type Slab, writeLateRow, writeRow } from './rows.js';
import { SESSION_ENTRIES, SESSION_SIZE, spansOfOpening, writeClosing, writeOpening } from './session-rows.js';
import type { SlabQueue } from './slab-queue.js';
import { InternTable } from './table.js';
import type { WorkerLink } from './worker-link.js';

export interface WriterOptions {
  /** Milliseconds: the longest that a row waits for its slab to fill. */
  readonly flushInterval: number;
  /** Characters of the longest string that spans tell. */
  readonly maxText: number;
  /** Of errors that are no failures. */
  readonly nonErrors: ReadonlySet<string>;
}

export class SpanWriter implements Observer {
  readonly borrows = true;
  readonly keptOnly = true;
  readonly #accounts: Accounts;
  readonly #queue: SlabQueue;
  readonly #link: WorkerLink;
  readonly #options: WriterOptions;
  #table: InternTable;
  #slab: Slab | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  constructor(accounts: Accounts, queue: SlabQueue, link: WorkerLink, options: WriterOptions) {
    this.#accounts = accounts;
    this.#queue = queue;
    this.#link = link;
    this.#options = options;
    this.#table = new InternTable(options.maxText);
  }

  onActionEnd(action: TracedAction): void {
    // The router's own sessions are not traced: the recorder must not record itself.
    if (action.originator.internal) return;
    const accounts = this.#accounts;
    const all = childrenOf(action);
    const spans = 1 + all;
    accounts.end(spans);
    const important = isImportant(action, this.#options.nonErrors);
    if (!this.#link.isCollectorThere && !waitsForCollector(important)) {
      accounts.drop('breaker_open', spans);
      return;
    }
    const children = Math.min(all, MAX_CHILDREN);
    if (all > children) accounts.drop('too_many_children', all - children, important ? all - children : 0);
    const size = ACTION_SIZE + children * CHILD_SIZE;
    const slab = this.#roomFor(1 + children, size, entriesFor(children), important);
    if (slab !== undefined) writeRow(slab, action, children, important);
    else accounts.drop(this.#reason(), 1 + children, important ? 1 + children : 0);
  }

  onLateInvocation(action: TracedAction, invocation: TracedInvocation): void {
    if (action.sampled === Reason.none || action.originator.internal) return;
    const important = isImportant(action, this.#options.nonErrors);
    const size = ACTION_SIZE + CHILD_SIZE;
    this.#write(1, size, entriesFor(1), important, slab => writeLateRow(slab, action, invocation, important));
  }

  onSessionOpen(opening: TracedOpening): void {
    if (opening.sampled === Reason.none) return;
    const important = isImportantSession(opening, this.#options.nonErrors);
    const spans = spansOfOpening(opening);
    this.#write(spans, SESSION_SIZE, SESSION_ENTRIES, important, slab => writeOpening(slab, opening, important));
  }

  onSessionClose(closing: TracedClosing): void {
    if (closing.sampled === Reason.none) return;
    const important = isImportantSession(closing, this.#options.nonErrors);
    this.#write(1, SESSION_SIZE, SESSION_ENTRIES, important, slab => writeClosing(slab, closing, important));
  }

  /** For what is rare; actions go their own way, which makes no closures. */
  #write(spans: number, size: number, entries: number, important: boolean, write: (slab: Slab) => void): void {
    const accounts = this.#accounts;
    accounts.end(spans);
    if (!this.#link.isCollectorThere && !waitsForCollector(important)) return accounts.drop('breaker_open', spans);
    const slab = this.#roomFor(spans, size, entries, important);
    if (slab !== undefined) write(slab);
    else accounts.drop(this.#reason(), spans, important ? spans : 0);
  }

  /** Hands over what has been written. */
  flush(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#slab = undefined;
    this.#link.submit(slab);
  }

  /** Hands over what has been written; all actions from now on are dropped. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.flush();
  }

  #roomFor(spans: number, size: number, entries: number, important: boolean): Slab | undefined {
    if (this.#isClosed || this.#link.isGivenUp) return undefined;
    const isFull = this.#accounts.waiting > this.#queue.limits.spans;
    if (isFull && !this.#queue.makeRoom(spans, important, this.#slab)) return undefined;
    const isTableFull = !this.#table.hasRoom(entries);
    const slab = this.#slab;
    if (slab !== undefined) {
      if (!isTableFull && slab.hasRoom(size)) return slab;
      this.flush();
    }
    // Rows that wait go on with theirs.
    if (isTableFull) this.#table = new InternTable(this.#options.maxText);
    return this.#newSlab(important);
  }

  #newSlab(important: boolean): Slab | undefined {
    this.#slab = this.#queue.take(this.#table, important);
    if (this.#slab !== undefined) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.flush();
      }, this.#options.flushInterval).unref();
    }
    return this.#slab;
  }

  #reason(): 'closed' | 'no_worker' | 'queue_full' {
    if (this.#isClosed) return 'closed';
    return this.#link.isGivenUp ? 'no_worker' : 'queue_full';
  }
}
