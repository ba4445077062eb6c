/** Owns the life of traced actions: how they begin, which are open, how they end, and when their objects serve the next ones. */

import type { Cause, SessionRef } from '../tap.js';
import type { RandomIds } from '../wire/ids.js';
import { EMPTY_DICT, type Message } from '../wire/message.js';
import type { ActionKind, TracedAction } from './action.js';
import { ActionPool } from './action-pool.js';
import type { TracedInvocation } from './invocation.js';
import { LateAnswers } from './late-answers.js';
import { Audience } from './observer.js';
import { OpenActions } from './open-actions.js';
import { readOptions } from './options.js';
import type { Outcome } from './outcome.js';
import { Propagation } from './propagation.js';
import { type ActionSampler, KEEP_ALL } from './sampling/action-sampler.js';
import { Reason } from './sampling/reason.js';

export interface CorrelatorOptions {
  readonly random: RandomIds;
  /** Open actions beyond this push the oldest out. Default 100 000. */
  readonly maxOpen?: number;
  /** Milliseconds after which an open action is given up. Default one hour. */
  readonly maxAge?: number;
  /** What counts of the trace contexts that sessions send. Default: by `Trust` without rules. */
  readonly propagation?: Propagation;
  /** Which actions are told as spans. Default: all. */
  readonly sampler?: ActionSampler;
  /** Reports an observer that was detached because it kept failing. */
  readonly onFault?: (what: string, error: unknown) => void;
}

export class Actions {
  readonly audience: Audience;
  readonly random: RandomIds;
  readonly late: LateAnswers;
  readonly propagation: Propagation;
  /** May be changed at any time; open actions stay as decided. */
  sampler: ActionSampler;
  /** When the newest message came or went; milliseconds since the epoch. */
  now = 0;
  /** Pushed out or given up, since the start. */
  abandoned = 0;
  readonly #maxOpen: number;
  readonly #maxAge: number;
  /** Open calls: other actions end while their request is handled. */
  readonly #open = new OpenActions();
  readonly #pool = new ActionPool();
  /** Received messages whose handling goes on: one, or more when the router's own sessions act. */
  #handling = 0;
  /** What they still send is received, and ends at once. */
  readonly #left = new WeakSet<SessionRef>();

  constructor(options: CorrelatorOptions) {
    this.random = options.random;
    this.#maxOpen = options.maxOpen ?? 100_000;
    this.#maxAge = options.maxAge ?? 3_600_000;
    this.propagation = options.propagation ?? new Propagation();
    this.sampler = options.sampler ?? KEEP_ALL;
    this.audience = new Audience(options.onFault);
    this.late = new LateAnswers(({ action, invocation }) => this.audience.lateInvocation(action, invocation));
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  begin(kind: ActionKind, session: SessionRef, m: Message, octets: number, seq: number, at: number): TracedAction {
    const { options } = m;
    const remote = options === EMPTY_DICT ? undefined : this.propagation.read(session, options);
    const parent = remote === undefined || remote.trust === 'link' ? undefined : remote.context;
    const action = this.#pool.take();
    action.begin(kind, session, m.uri, m.request, at, seq, octets, this.random, parent);
    if (remote !== undefined) action.remote = remote;
    this.sampler.begin(action);
    if (m.subject !== 0) action.subject = m.subject;
    if (options !== EMPTY_DICT) readOptions(action, options);
    if (kind === 'call') {
      if (this.#open.size >= this.#maxOpen) this.#giveUpOldest(at);
      this.#open.add(action);
    }
    return action;
  }

  /** The router handles a message that has this action as its cause; `handled` follows. */
  handling(): void {
    this.#handling++;
  }

  handled(): void {
    if (--this.#handling === 0) this.#pool.settle();
  }

  end(action: TracedAction, outcome: Outcome, at: number): void {
    action.outcome = outcome;
    action.endedAt = at;
    let isAwaited = false;
    if (action.kind === 'call') {
      this.#open.remove(action);
      if (action.unanswered > 0) isAwaited = this.#close(action, action.invocations!);
    }
    if (action.sampled === Reason.none) this.sampler.end(action);
    this.audience.actionEnd(action);
    // Others ended in the middle of something, or may be heard of again.
    const isOver = !isAwaited && (outcome === 'ok' || outcome === 'error');
    if (isOver && this.audience.borrows === true) this.#pool.over(action);
    // No request is in hand: an answer told of by `calls` ended it, last of all that it leads to.
    if (this.#handling === 0) this.#pool.settle();
  }

  /** What was not answered ends with the call; its correlation is kept for a late answer, for a while. */
  #close(action: TracedAction, invocations: readonly TracedInvocation[]): boolean {
    let isAwaited = false;
    for (let i = 0; i < invocations.length; i++) {
      const invocation = invocations[i]!;
      if (invocation.outcome !== undefined) continue;
      const isThere = !this.#left.has(invocation.callee);
      // The caller does not wait any more, but the callee still works.
      invocation.outlives = isThere && action.outcome === 'canceled';
      if (!invocation.outlives) {
        invocation.outcome = action.outcome;
        if (action.outcome === 'error') invocation.error = action.error;
        invocation.endedAt = action.endedAt;
      }
      if (!isThere) continue;
      this.late.add(action, invocation);
      isAwaited = true;
    }
    return isAwaited;
  }

  /** A session is gone: nobody waits for what it still owes. */
  leave(session: SessionRef, at: number): void {
    this.#left.add(session);
    this.late.forget(session, at);
  }

  hasLeft(session: SessionRef): boolean {
    return this.#left.has(session);
  }

  #giveUpOldest(at: number): void {
    const { oldest } = this.#open;
    if (!oldest) return;
    this.abandoned++;
    this.end(oldest, 'abandoned', at);
  }

  /** Gives up actions that are too old; call it now and then. */
  tick(now: number): void {
    for (let { oldest } = this.#open; oldest && now - oldest.startedAt > this.#maxAge; { oldest } = this.#open) {
      this.#giveUpOldest(now);
    }
    this.late.tick(now);
    this.#pool.trim();
  }

  /** Forgets everything that is open: nobody watches any more. */
  reset(): void {
    this.#open.clear(action => {
      action.forgotten = true;
      // Nobody records it any more, so its RESULT must not tell of its span.
      action.sampled = Reason.none;
    });
    this.late.clear();
  }
}

/** The action that a cause is; a forgotten one is none. The router gives back what this tap gave it, nothing else. */
export function known(cause: Cause | undefined): TracedAction | undefined {
  const action = cause as TracedAction | undefined;
  return action !== undefined && action.forgotten === true ? undefined : action;
}
