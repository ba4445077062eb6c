/** Owns the INVOCATIONs whose action ended without their answer: the answer may still come, and belongs to that action. */

import type { SessionRef } from '../tap.js';
import type { TracedAction, TracedInvocation } from './action.js';

const MAX_LATE = 10_000;

interface Awaited {
  readonly action: TracedAction;
  readonly invocation: TracedInvocation;
}

export class LateAnswers {
  readonly #bySession = new Map<SessionRef, Map<number, Awaited>>();
  /** Oldest first. */
  readonly #all = new Set<Awaited>();

  add(action: TracedAction, invocation: TracedInvocation): void {
    const oldest = this.#all.size < MAX_LATE ? undefined : this.#all.values().next().value;
    if (oldest) this.take(oldest.invocation.callee, oldest.invocation.request);
    const awaited = { action, invocation };
    this.#all.add(awaited);
    const { callee, request } = invocation;
    const ofSession = this.#bySession.get(callee);
    if (ofSession) ofSession.set(request, awaited);
    else this.#bySession.set(callee, new Map([[request, awaited]]));
  }

  /** The action that waits, no more, for this answer. */
  find(callee: SessionRef, request: number): TracedAction | undefined {
    if (this.#all.size === 0) return undefined;
    return this.#bySession.get(callee)?.get(request)?.action;
  }

  /** As `find`, and forgets it: the last answer is here. */
  take(callee: SessionRef, request: number): TracedAction | undefined {
    if (this.#all.size === 0) return undefined;
    const ofSession = this.#bySession.get(callee);
    const awaited = ofSession?.get(request);
    if (!ofSession || !awaited) return undefined;
    ofSession.delete(request);
    if (ofSession.size === 0) this.#bySession.delete(callee);
    this.#all.delete(awaited);
    return awaited.action;
  }

  /** The session has left: it answers nothing any more. */
  forget(callee: SessionRef): void {
    const ofSession = this.#bySession.get(callee);
    if (!ofSession) return;
    this.#bySession.delete(callee);
    for (const awaited of ofSession.values()) this.#all.delete(awaited);
  }

  clear(): void {
    this.#bySession.clear();
    this.#all.clear();
  }
}
