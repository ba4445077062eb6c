/** Owns the joining of frames into traced actions. No timers and no clock: time is that of the frames, and of `tick`. */

import type { Frame, SessionEvent, SessionRef, Tap } from '../tap.js';
import { Code } from '../wire/codes.js';
import { ErrorUri } from '../wire/errors.js';
import type { RandomIds } from '../wire/ids.js';
import { type ActionKind, type Outcome, TracedAction, TracedFanOut, TracedInvocation } from './action.js';
import { Audience, type Observer } from './observer.js';

export interface CorrelatorOptions {
  readonly random: RandomIds;
  /** Open actions beyond this push the oldest out. Default 100 000. */
  readonly maxOpen?: number;
  /** Milliseconds after which an open action is given up. Default one hour. */
  readonly maxAge?: number;
  /** Reports an observer that was detached because it kept failing. */
  readonly onFault?: (what: string, error: unknown) => void;
}

/** An INVOCATION that may still be answered. */
interface Asked {
  readonly action: TracedAction;
  readonly invocation: TracedInvocation;
}

/** What is open at one session: its calls by CALL.Request, its invocations by INVOCATION.Request. */
interface Open {
  readonly calls: Map<number, TracedAction>;
  readonly asked: Map<number, Asked>;
}

const MAX_LATE = 10_000;

/** The kind of action that a message begins, by type code. */
const KINDS: (ActionKind | undefined)[] = [];
KINDS[Code.CALL] = 'call';
KINDS[Code.PUBLISH] = 'publish';
KINDS[Code.SUBSCRIBE] = 'subscribe';
KINDS[Code.UNSUBSCRIBE] = 'unsubscribe';
KINDS[Code.REGISTER] = 'register';
KINDS[Code.UNREGISTER] = 'unregister';

/** Decides which action a frame belongs to: received ones by their ids, sent ones by their cause. */
export class Correlator implements Tap {
  readonly #audience: Audience;
  readonly #random: RandomIds;
  readonly #maxOpen: number;
  readonly #maxAge: number;
  /** Open calls by the `seq` of their CALL, oldest first. */
  readonly #open = new Map<number, TracedAction>();
  readonly #sessions = new Map<SessionRef, Open>();
  /** Received frames other than the newest that are still being handled. */
  readonly #handling = new Map<number, TracedAction>();
  /** INVOCATIONs whose action ended without their answer, oldest first: the answer may still come. */
  readonly #late = new Set<TracedInvocation>();
  /** What they still send is received, and ends at once. */
  readonly #left = new WeakSet<SessionRef>();
  #currentSeq = 0;
  #now = 0;
  #current: TracedAction | undefined;
  /** Actions pushed out or given up, since the start. */
  abandoned = 0;

  constructor(options: CorrelatorOptions) {
    this.#random = options.random;
    this.#maxOpen = options.maxOpen ?? 100_000;
    this.#maxAge = options.maxAge ?? 3_600_000;
    this.#audience = new Audience(options.onFault);
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

  onFrame(frame: Frame): void {
    this.#now = frame.at;
    if (frame.direction === 'received') this.#received(frame);
    else this.#sent(frame);
  }

  #received(frame: Frame): void {
    const { message: m, session } = frame;
    let action: TracedAction | undefined;
    const kind = KINDS[m.code];
    if (kind) action = this.#begin(kind, frame);
    switch (m.code) {
      case Code.YIELD:
      case Code.ERROR:
        action = this.#answer(frame);
        break;
      case Code.CANCEL:
        action = this.#sessions.get(session)?.calls.get(m.request);
        if (action) {
          action.cancelRequested = true;
          see(action, frame);
        }
        break;
    }
    if (this.#current) this.#handling.set(this.#currentSeq, this.#current);
    this.#currentSeq = frame.seq;
    this.#current = action;
    this.#audience.frame(frame, action);
  }

  #begin(kind: ActionKind, frame: Frame): TracedAction {
    const { message: m, session } = frame;
    const acknowledge = kind === 'publish' && m.options.acknowledge === true;
    const octets = frame.end - frame.start;
    const { uri, request } = m;
    const random = this.#random;
    const action = new TracedAction(kind, session, uri, request, frame.at, frame.seq, octets, acknowledge, random);
    if (m.subject) action.subject = m.subject;
    // Only calls outlive their handling; what is being handled is found without a table.
    if (kind === 'call') {
      this.#called(action);
      if (this.#open.size >= this.#maxOpen) this.#giveUpOldest(frame.at);
      this.#open.set(frame.seq, action);
    }
    return action;
  }

  #called(action: TracedAction): void {
    const { calls } = this.#at(action.originator);
    // An id that is in use breaks the protocol: the call that has it must be found when its session ends.
    if (!calls.has(action.request)) calls.set(action.request, action);
  }

  /** YIELD or ERROR of a callee. A late one keeps the correlation of its action and changes nothing. */
  #answer(frame: Frame): TracedAction | undefined {
    const { message: m, session } = frame;
    const open = this.#sessions.get(session);
    const asked = open?.asked.get(m.request);
    if (!asked) return undefined;
    const { action, invocation } = asked;
    if (action.outcome === undefined) see(action, frame);
    const progress = m.code === Code.YIELD && m.options.progress === true;
    if (progress) return action;
    open!.asked.delete(m.request);
    this.#late.delete(invocation);
    if (invocation.outcome === undefined) {
      invocation.outcome = m.code === Code.YIELD ? 'ok' : 'error';
      invocation.error = m.code === Code.ERROR ? m.uri : '';
      invocation.endedAt = frame.at;
    }
    return action;
  }

  #sent(frame: Frame): void {
    const { cause } = frame;
    // ABORT is the end of a session, not an answer; but it tells what was wrong with the request that caused it.
    if (frame.message.code <= Code.GOODBYE) {
      if (cause !== 0 && cause === this.#currentSeq && this.#current) this.#current.error = frame.message.uri;
      return this.#audience.frame(frame, undefined);
    }
    const action =
      cause === 0
        ? undefined
        : cause === this.#currentSeq
          ? this.#current
          : (this.#open.get(cause) ?? this.#handling.get(cause));
    if (!action || action.outcome !== undefined) return this.#audience.frame(frame, action);
    see(action, frame);
    const ended = this.#effect(frame, action);
    this.#audience.frame(frame, action);
    if (ended) this.#end(action, ended, frame.at);
  }

  /** What a sent message means for its action; the outcome when it is the last. */
  #effect(frame: Frame, action: TracedAction): Outcome | undefined {
    const { message: m } = frame;
    switch (m.code) {
      case Code.EVENT:
        this.#event(frame, action);
        return undefined;
      case Code.INVOCATION:
        if (!frame.dropped) this.#invoked(frame, action);
        return undefined;
      case Code.RESULT:
        if (m.options.progress !== true) return frame.dropped ? 'caller_gone' : 'ok';
        action.progress++;
        return undefined;
      case Code.PUBLISHED:
        action.subject = m.publication;
        return undefined;
      case Code.ERROR:
        // Of a CANCEL that asked for what there is not: the call goes on.
        if (m.subject === Code.CANCEL) return undefined;
        action.error = m.uri;
        return this.#failure(frame, action);
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

  #event(frame: Frame, action: TracedAction): void {
    const { message: m } = frame;
    action.fanOut ??= new TracedFanOut(this.#random.word() | 1, this.#random.word() | 0, frame.at);
    const { fanOut } = action;
    fanOut.publication = m.publication;
    fanOut.endedAt = frame.at;
    if (frame.dropped) fanOut.dropped++;
    else fanOut.delivered++;
    if (!frame.dropped) fanOut.bytes += frame.end - frame.start;
  }

  #invoked(frame: Frame, action: TracedAction): void {
    const { message: m, session } = frame;
    const span0 = this.#random.word() | 1;
    const span1 = this.#random.word() | 0;
    const invocation = new TracedInvocation(session, m.request, m.subject, span0, span1, frame.at);
    if (action.invocations) action.invocations.push(invocation);
    else action.invocations = [invocation];
    action.subject = m.subject;
    this.#at(session).asked.set(m.request, { action, invocation });
  }

  /** The same URI can come from the callee, whose ERROR is then being handled, or be the router's own verdict. */
  #failure(frame: Frame, action: TracedAction): Outcome {
    const invocation = action.invocations?.at(-1);
    const answered = invocation !== undefined && invocation.outcome !== undefined;
    if (action.cancelRequested && frame.message.uri === ErrorUri.canceled) return 'canceled';
    if (answered || !invocation) return 'error';
    if (frame.message.uri === ErrorUri.timeout) return 'timeout';
    return frame.message.uri === ErrorUri.canceled ? 'callee_gone' : 'error';
  }

  onHandled(seq: number): void {
    let action: TracedAction | undefined;
    if (seq === this.#currentSeq) {
      action = this.#current;
      this.#current = undefined;
      this.#currentSeq = 0;
    } else {
      action = this.#handling.get(seq);
      if (action) this.#handling.delete(seq);
    }
    if (!action || action.outcome !== undefined || action.firstFrame !== seq) return;
    if (action.messages === 1 && this.#left.has(action.originator)) {
      // Its request broke the protocol, or came after GOODBYE.
      this.#end(action, gone(action), this.#now);
      this.#sessions.delete(action.originator);
    } else if (action.kind === 'publish') {
      // A publication is over when it has been handled, whatever came of it.
      this.#end(action, 'ok', action.fanOut?.endedAt ?? action.startedAt);
    }
  }

  onSession(event: SessionEvent): void {
    if (event.kind === 'joined') return;
    this.#now = event.at;
    this.#left.add(event.session);
    const open = this.#sessions.get(event.session);
    if (!open) return;
    this.#sessions.delete(event.session);
    for (const action of open.calls.values()) this.#end(action, gone(action), event.at);
    for (const { invocation } of open.asked.values()) this.#late.delete(invocation);
  }

  #end(action: TracedAction, outcome: Outcome, at: number): void {
    action.outcome = outcome;
    action.endedAt = at;
    if (action.kind === 'call') {
      this.#open.delete(action.firstFrame);
      this.#sessions.get(action.originator)?.calls.delete(action.request);
      for (const invocation of action.invocations ?? []) {
        if (invocation.outcome !== undefined) continue;
        invocation.outcome = outcome;
        invocation.endedAt = at;
        this.#remember(invocation);
      }
    }
    this.#audience.actionEnd(action);
  }

  /** Keeps the correlation of an invocation for its late answer, for a while. */
  #remember(invocation: TracedInvocation): void {
    if (!this.#sessions.has(invocation.callee)) return;
    if (this.#late.size >= MAX_LATE) {
      const oldest: TracedInvocation = this.#late.values().next().value!;
      this.#late.delete(oldest);
      this.#sessions.get(oldest.callee)?.asked.delete(oldest.request);
    }
    this.#late.add(invocation);
  }

  #giveUpOldest(at: number): void {
    const oldest = this.#open.values().next().value;
    if (!oldest) return;
    this.abandoned++;
    this.#end(oldest, 'abandoned', at);
  }

  /** Gives up actions that are too old; call it now and then. */
  tick(now: number): void {
    for (const action of this.#open.values()) {
      if (now - action.startedAt <= this.#maxAge) break;
      this.abandoned++;
      this.#end(action, 'abandoned', now);
    }
  }

  /** Forgets everything that is open: nobody watches any more. */
  reset(): void {
    this.#open.clear();
    this.#sessions.clear();
    this.#handling.clear();
    this.#late.clear();
    this.#current = undefined;
    this.#currentSeq = 0;
  }

  #at(session: SessionRef): Open {
    let open = this.#sessions.get(session);
    if (!open) {
      open = { calls: new Map(), asked: new Map() };
      this.#sessions.set(session, open);
    }
    return open;
  }
}

/** A session that broke the protocol did not just go. */
function gone(action: TracedAction): Outcome {
  return action.error === '' ? 'caller_gone' : 'error';
}

function see(action: TracedAction, frame: Frame): void {
  action.lastFrame = frame.seq;
  action.messages++;
}
