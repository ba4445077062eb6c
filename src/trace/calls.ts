/** Owns what is known of calls where nobody looks at their messages: the same, for less work. */

import type { CallTap, Cause, SessionRef } from '../tap.js';
import type { Message } from '../wire/message.js';
import type { TracedAction } from './action.js';
import { type Actions, known } from './actions.js';

export class Calls implements CallTap {
  readonly #actions: Actions;

  constructor(actions: Actions) {
    this.#actions = actions;
  }

  onCall(session: SessionRef, message: Message, octets: number, seq: number, at: number): TracedAction {
    const actions = this.#actions;
    actions.now = at;
    const action = actions.begin('call', session, message, octets, seq, at);
    actions.handling();
    return action;
  }

  onInvocation(cause: Cause, callee: SessionRef, m: Message, queued: number, seq: number, at: number): void {
    this.#actions.now = at;
    const action = known(cause);
    if (action === undefined || action.outcome !== undefined) return;
    action.see(seq);
    action.method = m.uri;
    action.subject = m.subject;
    action.invoke(callee, m.request, m.subject, at, m.text, queued);
  }

  onAnswer(cause: Cause, answeredAt: number, seq: number, at: number): void {
    const actions = this.#actions;
    actions.now = at;
    const action = known(cause);
    if (action === undefined) return;
    const { invocation } = action;
    const isOpen = action.outcome === undefined;
    if (invocation !== undefined) {
      // The YIELD.
      if (isOpen) action.messages++;
      else actions.late.take(invocation.callee, invocation.request, undefined, answeredAt);
      action.answered(invocation, undefined, answeredAt);
    }
    if (!isOpen) return;
    action.see(seq);
    actions.end(action, 'ok', at);
  }
}
