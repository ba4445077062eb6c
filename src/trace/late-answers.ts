/** Owns the INVOCATIONs whose action ended without their answer: the answer may still come, and belongs to that action. */

import type { SessionRef } from '../tap.js';
import type { TracedAction } from './action.js';
import type { TracedInvocation } from './invocation.js';
import type { Outcome } from './outcome.js';

const MAX_LATE = 10_000;
/** How long an invocation that outlives its call stays open for its answer. Milliseconds. */
export const LATE_GRACE_MS = 30_000;

export interface Awaited {
  readonly action: TracedAction;
  readonly invocation: TracedInvocation;
}

export class LateAnswers {
  readonly #bySession = new Map<SessionRef, Map<number, Awaited>>();
  /** Oldest first. */
  readonly #all = new Set<Awaited>();
  readonly #tell: (awaited: Awaited) => void;

  /** `tell` hears of each invocation that outlived its call, when it has ended. */
  constructor(tell: (awaited: Awaited) => void) {
    this.#tell = tell;
  }

  add(action: TracedAction, invocation: TracedInvocation): void {
    const oldest = this.#all.size < MAX_LATE ? undefined : this.#all.values().next().value;
    if (oldest) {
      this.#remove(oldest);
      // Time goes on: this one ended just now, and the oldest was open until then.
      this.#end(oldest, 'canceled', action.endedAt);
    }
    const awaited = { action, invocation };
    this.#all.add(awaited);
    const { callee, request } = invocation;
    const ofSession = this.#bySession.get(callee);
    if (ofSession) ofSession.set(request, awaited);
    else this.#bySession.set(callee, new Map([[request, awaited]]));
  }

  /** The action that waits, no more, for this answer. */
  find(callee: SessionRef, request: number): TracedAction | undefined {
    return this.#find(callee, request)?.action;
  }

  /** As `find`, and forgets it: the last answer is here. */
  take(callee: SessionRef, request: number, error: string | undefined, at: number): TracedAction | undefined {
    const awaited = this.#find(callee, request);
    if (!awaited) return undefined;
    this.#remove(awaited);
    const { invocation } = awaited;
    if (invocation.outlives && invocation.outcome === undefined) {
      invocation.answeredLate = true;
      invocation.error = error ?? '';
      this.#end(awaited, error === undefined ? 'ok' : 'error', at);
    }
    return awaited.action;
  }

  /** The session has left: it answers nothing any more. */
  forget(callee: SessionRef, at: number): void {
    const ofSession = this.#bySession.get(callee);
    if (!ofSession) return;
    this.#bySession.delete(callee);
    for (const awaited of ofSession.values()) {
      this.#all.delete(awaited);
      this.#end(awaited, 'callee_gone', at);
    }
  }

  /** Closes what has been open for too long; an answer that comes yet is still known for what it is. */
  tick(now: number): void {
    for (const awaited of this.#all) {
      if (now - awaited.action.endedAt <= LATE_GRACE_MS) return;
      this.#end(awaited, 'canceled', now);
    }
  }

  clear(): void {
    this.#bySession.clear();
    this.#all.clear();
  }

  #find(callee: SessionRef, request: number): Awaited | undefined {
    return this.#all.size === 0 ? undefined : this.#bySession.get(callee)?.get(request);
  }

  #remove(awaited: Awaited): void {
    const { callee, request } = awaited.invocation;
    const ofSession = this.#bySession.get(callee);
    ofSession?.delete(request);
    if (ofSession?.size === 0) this.#bySession.delete(callee);
    this.#all.delete(awaited);
  }

  #end(awaited: Awaited, outcome: Outcome, at: number): void {
    const { invocation } = awaited;
    if (!invocation.outlives || invocation.outcome !== undefined) return;
    invocation.outcome = outcome;
    invocation.endedAt = at;
    this.#tell(awaited);
  }
}
