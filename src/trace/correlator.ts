/** Owns the joining of frames into traced actions. No timers and no clock: time is that of the frames, and of `tick`. */

import type { Cause, Frame, SessionEvent, SessionRef, Tap } from '../tap.js';
import { Code } from '../wire/codes.js';
import type { RandomIds } from '../wire/ids.js';
import { EMPTY_DICT } from '../wire/message.js';
import { type ActionKind, childSpan, kindOf, type TracedAction } from './action.js';
import { ActionPool } from './action-pool.js';
import { failureOf, gone } from './failure.js';
import { SLOW_QUEUE, TracedFanOut } from './fan-out.js';
import { Handshakes } from './handshakes.js';
import type { TracedInvocation } from './invocation.js';
import { LateAnswers } from './late-answers.js';
import { Audience, type Observer } from './observer.js';
import { OpenActions } from './open-actions.js';
import { readOptions, textOf } from './options.js';
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

/** Decides which action a frame belongs to: the router hands back what was made of the request (ADR-003). */
export class Correlator implements Tap {
  readonly #audience: Audience;
  readonly #random: RandomIds;
  readonly #maxOpen: number;
  readonly #maxAge: number;
  /** Open calls: other actions end while their request is handled. */
  readonly #open = new OpenActions();
  readonly #pool = new ActionPool();
  /** Received frames whose handling goes on: one, or more when the router's own sessions act. */
  #handling = 0;
  readonly #late: LateAnswers;
  readonly #handshakes: Handshakes;
  /** What they still send is received, and ends at once. */
  readonly #left = new WeakSet<SessionRef>();
  #now = 0;
  readonly propagation: Propagation;
  /** May be changed at any time; open actions stay as decided. */
  sampler: ActionSampler;
  /** Actions pushed out or given up, since the start. */
  abandoned = 0;

  constructor(options: CorrelatorOptions) {
    this.#random = options.random;
    this.#maxOpen = options.maxOpen ?? 100_000;
    this.#maxAge = options.maxAge ?? 3_600_000;
    this.propagation = options.propagation ?? new Propagation();
    this.sampler = options.sampler ?? KEEP_ALL;
    this.#audience = new Audience(options.onFault);
    this.#late = new LateAnswers(({ action, invocation }) => this.#audience.lateInvocation(action, invocation));
    this.#handshakes = new Handshakes(this.#audience, this.#random, () => this.sampler);
  }

  /** Where nobody looks at single frames, the EVENTs of a fan-out are as good as their sum, unless they wait for a slow peer. */
  get bulkBelow(): number {
    return this.#audience.wantsFrames ? 0 : SLOW_QUEUE;
  }

  /** Where nobody looks at single frames, a RESULT and the YIELD that led to it say the same. */
  get mergesAnswers(): boolean {
    return !this.#audience.wantsFrames;
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
    return this.#open.size;
  }

  onFrame(frame: Frame): TracedAction | undefined {
    this.#now = frame.at;
    if (frame.direction === 'received') return this.#received(frame);
    if (frame.message.code === Code.EVENT) this.#event(frame);
    else this.#sent(frame);
    return undefined;
  }

  #received(frame: Frame): TracedAction | undefined {
    const { code } = frame.message;
    const kind = kindOf(code);
    let action: TracedAction | undefined;
    if (kind !== undefined) action = this.#begin(kind, frame);
    else {
      if (code === Code.YIELD || code === Code.ERROR) action = this.#answer(frame);
      else if (code === Code.CANCEL) action = this.#cancel(frame);
      else if (code <= Code.GOODBYE) this.#handshakes.received(frame);
      // What others than requests say of a trace is passed on at most, but is counted here when it is malformed.
      if (frame.message.options !== EMPTY_DICT) this.propagation.read(frame.session, frame.message.options);
    }
    this.#audience.frame(frame, action);
    if (action !== undefined) this.#handling++;
    return action;
  }

  #begin(kind: ActionKind, frame: Frame): TracedAction {
    const { message: m, session } = frame;
    const { options } = m;
    const remote = options === EMPTY_DICT ? undefined : this.propagation.read(session, options);
    const parent = remote === undefined || remote.trust === 'link' ? undefined : remote.context;
    const action = this.#pool.take();
    action.begin(kind, session, m.uri, m.request, frame.at, frame.seq, frame.octets, this.#random, parent);
    if (remote !== undefined) action.remote = remote;
    this.sampler.begin(action);
    if (m.subject !== 0) action.subject = m.subject;
    if (options !== EMPTY_DICT) readOptions(action, options);
    if (kind === 'call') {
      if (this.#open.size >= this.#maxOpen) this.#giveUpOldest(frame.at);
      this.#open.add(action);
    }
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
      return progress ? this.#late.find(session, m.request) : this.#late.take(session, m.request, fault, frame.at);
    }
    if (action.outcome === undefined) action.see(frame.seq);
    if (progress) return action;
    if (action.outcome !== undefined) this.#late.take(session, m.request, fault, frame.at);
    action.answered(action.invocationAt(session, m.request), fault, frame.at);
    return action;
  }

  /** The YIELD that a RESULT stands for, which was not shown. */
  #answeredBy(action: TracedAction, at: number): void {
    const { invocation } = action;
    if (invocation === undefined) return;
    if (action.outcome === undefined) action.messages++;
    else this.#late.take(invocation.callee, invocation.request, undefined, at);
    action.answered(invocation, undefined, at);
  }

  /** There are many to one action, so they have a way of their own. */
  #event(frame: Frame): void {
    const action = known(frame.cause);
    if (action !== undefined && action.outcome === undefined) {
      action.see(frame.seq);
      if (action.fanOut === undefined) this.#beginFanOut(frame, action);
      action.fanOut!.add(frame.session, frame.at, frame.octets, frame.queued, frame.dropped, this.#random);
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
    if (action !== undefined && frame.answeredAt !== 0) this.#answeredBy(action, frame.answeredAt);
    if (action === undefined || action.outcome !== undefined) return this.#audience.frame(frame, action);
    action.see(frame.seq);
    const ended = this.#effect(frame, action);
    this.#audience.frame(frame, action);
    if (ended !== undefined) this.#end(action, ended, frame.at);
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
    if (--this.#handling === 0) this.#pool.settle();
  }

  #handled(cause: TracedAction, clock: () => number): void {
    if (cause.messages === 1 && this.#left.has(cause.originator)) {
      // Its request broke the protocol, or came after GOODBYE.
      this.#end(cause, gone(cause), this.#now);
    } else if (cause.kind === 'publish') {
      // A publication is over when it has been handled, whatever came of it.
      const { fanOut } = cause;
      // EVENTs share readings of the clock, so that of the last is not when it was sent.
      if (fanOut && fanOut.recipients > 1) this.#now = fanOut.endedAt = clock();
      this.#end(cause, cause.error === '' ? 'ok' : 'error', this.#now);
    }
  }

  onRefused(cause: TracedAction, error: string): void {
    if (cause.outcome === undefined) cause.error = error;
  }

  onSession(event: SessionEvent): void {
    if (event.kind === 'joined') return;
    this.#now = event.at;
    this.#left.add(event.session);
    this.#late.forget(event.session, event.at);
    for (const cause of event.open) {
      const action = known(cause);
      if (action && action.outcome === undefined) this.#end(action, gone(action), event.at);
    }
    this.#handshakes.left(event);
  }

  #end(action: TracedAction, outcome: Outcome, at: number): void {
    action.outcome = outcome;
    action.endedAt = at;
    let isAwaited = false;
    if (action.kind === 'call') {
      this.#open.remove(action);
      if (action.unanswered > 0) isAwaited = this.#close(action, action.invocations!);
    }
    if (action.sampled === Reason.none) this.sampler.end(action);
    this.#audience.actionEnd(action);
    // Others ended in the middle of something, or may be heard of again.
    const isOver = !isAwaited && (outcome === 'ok' || outcome === 'error');
    if (isOver && this.#audience.borrows === true) this.#pool.over(action);
    // No request is in hand: a merged answer ended it, last of all that it leads to.
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
      this.#late.add(action, invocation);
      isAwaited = true;
    }
    return isAwaited;
  }

  #giveUpOldest(at: number): void {
    const { oldest } = this.#open;
    if (!oldest) return;
    this.abandoned++;
    this.#end(oldest, 'abandoned', at);
  }

  /** Gives up actions that are too old; call it now and then. */
  tick(now: number): void {
    for (let { oldest } = this.#open; oldest && now - oldest.startedAt > this.#maxAge; { oldest } = this.#open) {
      this.#giveUpOldest(now);
    }
    this.#late.tick(now);
    this.#pool.trim();
  }

  /** Forgets everything that is open: nobody watches any more. */
  reset(): void {
    this.#open.clear(action => {
      action.forgotten = true;
      // Nobody records it any more, so its RESULT must not tell of its span.
      action.sampled = Reason.none;
    });
    this.#late.clear();
    this.#handshakes.reset();
  }
}

/** The action that a cause is; a forgotten one is none. The router gives back what this tap gave it, nothing else. */
function known(cause: Cause | undefined): TracedAction | undefined {
  const action = cause as TracedAction | undefined;
  return action !== undefined && action.forgotten === true ? undefined : action;
}
