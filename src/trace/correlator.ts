/** Owns the joining of frames into traced actions. No timers and no clock: time is that of the frames, and of `tick`. */

import type { CallTap, Cause, Frame, SessionEvent, Tap } from '../tap.js';
import { Code } from '../wire/codes.js';
import { EMPTY_DICT } from '../wire/message.js';
import { childSpan, kindOf, type TracedAction } from './action.js';
import { Actions, type CorrelatorOptions, known } from './actions.js';
import { Calls } from './calls.js';
import { failureOf, gone } from './failure.js';
import { SLOW_QUEUE, TracedFanOut } from './fan-out.js';
import { Handshakes } from './handshakes.js';
import type { Audience, Observer } from './observer.js';
import { textOf } from './options.js';
import type { Outcome } from './outcome.js';
import type { Propagation } from './propagation.js';
import type { ActionSampler } from './sampling/action-sampler.js';

export type { CorrelatorOptions } from './actions.js';

/** Decides which action a frame belongs to: the router hands back what was made of the request (ADR-003). */
export class Correlator implements Tap {
  readonly #actions: Actions;
  readonly #calls: Calls;
  readonly #audience: Audience;
  readonly #handshakes: Handshakes;

  constructor(options: CorrelatorOptions) {
    this.#actions = new Actions(options);
    this.#calls = new Calls(this.#actions);
    this.#audience = this.#actions.audience;
    this.#handshakes = new Handshakes(this.#audience, options.random, () => this.sampler);
  }

  get propagation(): Propagation {
    return this.#actions.propagation;
  }

  get sampler(): ActionSampler {
    return this.#actions.sampler;
  }

  /** May be changed at any time; open actions stay as decided. */
  set sampler(sampler: ActionSampler) {
    this.#actions.sampler = sampler;
  }

  /** Actions pushed out or given up, since the start. */
  get abandoned(): number {
    return this.#actions.abandoned;
  }

  /** Where nobody looks at single frames, the EVENTs of a fan-out are as good as their sum, unless they wait for a slow peer. */
  get bulkBelow(): number {
    return this.#audience.wantsFrames ? 0 : SLOW_QUEUE;
  }

  /** Where nobody looks at single frames, calls have a way of their own. */
  get calls(): CallTap | undefined {
    return this.#audience.wantsFrames ? undefined : this.#calls;
  }

  add(observer: Observer): void {
    this.#audience.add(observer);
  }

  remove(observer: Observer): void {
    this.#audience.remove(observer);
  }

  get observers(): number {
    return this.#audience.size;
  }

  get openActions(): number {
    return this.#actions.size;
  }

  onFrame(frame: Frame): TracedAction | undefined {
    this.#actions.now = frame.at;
    if (frame.direction === 'received') return this.#received(frame);
    if (frame.message.code === Code.EVENT) this.#event(frame);
    else this.#sent(frame);
    return undefined;
  }

  #received(frame: Frame): TracedAction | undefined {
    const { code } = frame.message;
    const kind = kindOf(code);
    let action: TracedAction | undefined;
    if (kind !== undefined) {
      action = this.#actions.begin(kind, frame.session, frame.message, frame.octets, frame.seq, frame.at);
    } else {
      if (code === Code.YIELD || code === Code.ERROR) action = this.#answer(frame);
      else if (code === Code.CANCEL) action = this.#cancel(frame);
      else if (code <= Code.GOODBYE) this.#handshakes.received(frame);
      // What others than requests say of a trace is passed on at most, but is counted here when it is malformed.
      if (frame.message.options !== EMPTY_DICT) this.#actions.propagation.read(frame.session, frame.message.options);
    }
    this.#audience.frame(frame, action);
    if (action !== undefined) this.#actions.handling();
    return action;
  }

  #cancel(frame: Frame): TracedAction | undefined {
    const action = known(frame.cause);
    if (action === undefined || action.outcome !== undefined) return action;
    action.marked = true;
    // WAMP advanced, "Call Canceling": killnowait is the default.
    action.cancelMode = textOf(frame.message.options.mode) || 'killnowait';
    action.see(frame.seq);
    return action;
  }

  /** YIELD or ERROR of a callee. A late one keeps the correlation of its action and changes nothing. */
  #answer(frame: Frame): TracedAction | undefined {
    const { message: m, session } = frame;
    const action = known(frame.cause);
    const progress = m.options !== EMPTY_DICT && m.code === Code.YIELD && m.options.progress === true;
    const fault = m.code === Code.ERROR ? m.uri : undefined;
    if (action === undefined) {
      return progress
        ? this.#actions.late.find(session, m.request)
        : this.#actions.late.take(session, m.request, fault, frame.at);
    }
    if (action.outcome === undefined) action.see(frame.seq);
    if (progress) return action;
    if (action.outcome !== undefined) this.#actions.late.take(session, m.request, fault, frame.at);
    action.answered(action.invocationAt(session, m.request), fault, frame.at);
    return action;
  }

  /** There are many to one action, so they have a way of their own. */
  #event(frame: Frame): void {
    const action = known(frame.cause);
    if (action !== undefined && action.outcome === undefined) {
      action.see(frame.seq);
      if (action.fanOut === undefined) this.#beginFanOut(frame, action);
      action.fanOut!.add(frame.session, frame.at, frame.octets, frame.queued, frame.dropped, this.#actions.random);
    }
    this.#audience.frame(frame, action);
  }

  onBulk(cause: Cause, count: number, octets: number, queued: number): void {
    const action = known(cause);
    if (action === undefined || action.outcome !== undefined) return;
    action.messages += count;
    action.fanOut?.addMore(count, octets, queued);
  }

  #beginFanOut(frame: Frame, action: TracedAction): void {
    action.fanOut = new TracedFanOut(action.span0, childSpan(action.span1, 0), frame.at);
    action.fanOut.publication = frame.message.publication;
  }

  #sent(frame: Frame): void {
    const action = known(frame.cause);
    // ABORT is the end of a session, not an answer; but it tells what was wrong with the request that caused it.
    if (frame.message.code <= Code.GOODBYE) {
      if (action !== undefined && action.outcome === undefined) action.error = frame.message.uri;
      this.#handshakes.sent(frame);
      return this.#audience.frame(frame, undefined);
    }
    if (action === undefined || action.outcome !== undefined) return this.#audience.frame(frame, action);
    action.see(frame.seq);
    const ended = this.#effect(frame, action);
    this.#audience.frame(frame, action);
    if (ended !== undefined) this.#actions.end(action, ended, frame.at);
  }

  /** What a sent message means for its action; the outcome when it is the last. */
  #effect(frame: Frame, action: TracedAction): Outcome | undefined {
    const { message: m, session } = frame;
    switch (m.code) {
      case Code.INVOCATION:
        action.method = m.uri;
        action.subject = m.subject;
        if (!frame.dropped) action.invoke(session, m.request, m.subject, frame.at, m.text, frame.queued);
        return undefined;
      case Code.RESULT:
        if (m.options === EMPTY_DICT || m.options.progress !== true) return frame.dropped ? 'caller_gone' : 'ok';
        if (action.progress++ === 0) action.firstResultAt = frame.at;
        return undefined;
      case Code.PUBLISHED:
        action.subject = m.publication;
        return undefined;
      case Code.ERROR:
        // Of a CANCEL that asked for what there is not: the call goes on.
        if (m.subject === Code.CANCEL) return undefined;
        action.error = m.uri;
        return failureOf(action, m.uri);
      case Code.SUBSCRIBED:
      case Code.REGISTERED:
        action.subject = m.subject;
        return 'ok';
      case Code.UNSUBSCRIBED:
      case Code.UNREGISTERED:
        // The request names an id only.
        action.uri = m.uri;
        return 'ok';
    }
    return undefined;
  }

  onHandled(cause: TracedAction, clock: () => number): void {
    if (cause.outcome === undefined) this.#handled(cause, clock);
    this.#actions.handled();
  }

  #handled(cause: TracedAction, clock: () => number): void {
    const actions = this.#actions;
    if (cause.messages === 1 && actions.hasLeft(cause.originator)) {
      // Its request broke the protocol, or came after GOODBYE.
      actions.end(cause, gone(cause), actions.now);
    } else if (cause.kind === 'publish') {
      // A publication is over when it has been handled, whatever came of it.
      const { fanOut } = cause;
      // EVENTs share readings of the clock, so that of the last is not when it was sent.
      if (fanOut && fanOut.recipients > 1) actions.now = fanOut.endedAt = clock();
      actions.end(cause, cause.error === '' ? 'ok' : 'error', actions.now);
    }
  }

  onRefused(cause: TracedAction, error: string): void {
    if (cause.outcome === undefined) cause.error = error;
  }

  onSession(event: SessionEvent): void {
    if (event.kind === 'joined') return;
    this.#actions.now = event.at;
    this.#actions.leave(event.session, event.at);
    for (const cause of event.open) {
      const action = known(cause);
      if (action && action.outcome === undefined) this.#actions.end(action, gone(action), event.at);
    }
    this.#handshakes.left(event);
  }

  /** Gives up actions that are too old; call it now and then. */
  tick(now: number): void {
    this.#actions.tick(now);
  }

  /** Forgets everything that is open: nobody watches any more. */
  reset(): void {
    this.#actions.reset();
    this.#handshakes.reset();
  }
}
