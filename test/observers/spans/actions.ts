/** Owns traced actions made without a router: one of each kind and outcome, or random ones from a seed. */

import type { SessionRef } from '../../../src/tap.js';
import { type ActionKind, type RemoteParent, TracedAction } from '../../../src/trace/action.js';
import { TracedFanOut } from '../../../src/trace/fan-out.js';
import { TracedInvocation } from '../../../src/trace/invocation.js';
import type { Outcome } from '../../../src/trace/outcome.js';
import type { Reason } from '../../../src/trace/sampling/reason.js';
import { type OpeningOutcome, TracedClosing, TracedOpening } from '../../../src/trace/session.js';
import { TRUST_MODES } from '../../../src/trace/trust.js';
import { RandomIds } from '../../../src/wire/ids.js';

export const KINDS: readonly ActionKind[] = ['call', 'publish', 'subscribe', 'unsubscribe', 'register', 'unregister'];
export const OUTCOMES: readonly Outcome[] = [
  'ok',
  'error',
  'canceled',
  'timeout',
  'caller_gone',
  'callee_gone',
  'abandoned',
];
/** A Monday in 2026, with a fraction that no decimal has. */
export const NOON = 1_784_548_800_000 + 1 / 4096;

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export function session(id: number, over: Partial<SessionRef> = {}): SessionRef {
  const base: SessionRef = {
    id,
    realm: 'realm1',
    authid: `user-${id}`,
    authrole: 'member',
    authmethod: 'anonymous',
    serializer: 'json',
    transport: 'websocket',
    link: undefined,
    internal: false,
  };
  return { ...base, ...over };
}

/** Makes actions whose ids come from one seed. */
export class Actions {
  readonly random: () => number;
  readonly #ids: RandomIds;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    this.#ids = new RandomIds(words => {
      for (let i = 0; i < words.length; i++) words[i] = this.random() * 0x1_0000_0000;
    });
  }

  action(kind: ActionKind, uri: string, originator: SessionRef, parent?: RemoteParent): TracedAction {
    const action = new TracedAction();
    action.begin(kind, originator, uri, 7, NOON, 1, 123, this.#ids, parent);
    return action;
  }

  /** A call that one callee answered. */
  call(uri: string, caller: SessionRef, callee: SessionRef, outcome: Outcome = 'ok', error = ''): TracedAction {
    const action = this.action('call', uri, caller);
    const invocation = this.invoke(action, callee);
    invocation.outcome = outcome;
    invocation.error = error;
    invocation.endedAt = NOON + 2;
    return end(action, outcome, error);
  }

  invoke(action: TracedAction, callee: SessionRef): TracedInvocation {
    const words = [this.#ids.word() | 1, this.#ids.word() | 0] as const;
    const invocation = new TracedInvocation(callee, 3, 2 ** 53, ...words, NOON + 0.25, 'single', 0);
    action.method = action.uri;
    withInvocation(action, invocation);
    return invocation;
  }

  publish(uri: string, publisher: SessionRef, delivered: number): TracedAction {
    const action = this.action('publish', uri, publisher);
    const fanOut = this.fanOut(action);
    fanOut.delivered = delivered;
    return end(action, 'ok');
  }

  fanOut(action: TracedAction): TracedFanOut {
    const fanOut = new TracedFanOut(this.#ids.word() | 1, this.#ids.word() | 0, NOON + 0.125);
    fanOut.publication = this.#ids.global();
    fanOut.endedAt = NOON + 1;
    action.fanOut = fanOut;
    return fanOut;
  }

  /** A session that said HELLO and, unless `outcome` says otherwise, joined. */
  opening(session: SessionRef, outcome: OpeningOutcome = 'ok', error = '', challenged = false): TracedOpening {
    const opening = new TracedOpening(session, 'realm1', 'test/1.0', NOON, 99, this.#ids);
    if (challenged) {
      const [span0, span1] = [this.#ids.word() | 1, this.#ids.word() | 0];
      opening.challenge = { method: 'ticket', span0, span1, startedAt: NOON + 1 };
    }
    opening.outcome = outcome;
    opening.error = error;
    opening.endedAt = NOON + 3.5;
    return opening;
  }

  closing(session: SessionRef, opening: TracedOpening | undefined, reason: string, dropped = 0): TracedClosing {
    const totals = {
      receivedMessages: 5,
      receivedBytes: 500,
      sentMessages: 6,
      sentBytes: 2 ** 40,
      droppedEvents: dropped,
    };
    return new TracedClosing(session, opening, NOON + 1000, NOON + 1003.5, reason, totals, this.#ids);
  }

  /** Anything that a correlator could say, and some that it should not. */
  anything(peers: readonly SessionRef[], uris: readonly string[]): TracedAction {
    const random = this.random;
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const id = () => Math.floor(random() ** 4 * 2 ** 53) + 1;
    const count = () => Math.floor(random() ** 3 * 100_000);
    const error = () => (random() < 0.5 ? '' : pick(ERRORS));
    const moment = () => NOON + random() * 1e6;
    const word = () => this.#ids.word() | 0;
    const ids = { trace0: word(), trace1: word(), trace2: word(), trace3: word(), span0: word(), span1: word() };
    const texts = { tracestate: pick(STATES), baggage: '', details: {} };
    const trust = pick(TRUST_MODES);
    const hasContext = random() < 0.4 && trust !== 'ignore';
    const remote = hasContext ? { context: { ...ids, ...texts, flags: pick([0, 1, 2, 3]) }, trust } : undefined;
    const parent = trust === 'link' ? undefined : remote?.context;
    const [kind, uri, origin] = [pick(KINDS), pick(uris), pick(peers)];
    const action = new TracedAction();
    action.begin(kind, origin, uri, id(), moment(), 1, count(), this.#ids, parent);
    action.acknowledge = random() < 0.5;
    action.remote = remote;
    action.sampled = pick([1, 2, 3, 4, 5, 6, 7] as Reason[]);
    action.partial = random() < 0.1;
    action.tracestate = pick(STATES);
    action.endedAt = pick([0, action.startedAt, action.startedAt - 1, action.startedAt + random() * 5000]);
    action.outcome = pick([...OUTCOMES, undefined]);
    action.error = error();
    action.subject = random() < 0.5 ? 0 : id();
    action.progress = count();
    action.firstResultAt = random() < 0.5 ? 0 : action.startedAt + random() * 1000;
    action.progressive = random() < 0.5;
    action.timeout = random() < 0.5 ? 0 : count();
    action.cancelMode = pick(['', 'skip', 'kill', 'killnowait', 'strange']);
    action.match = pick(['', 'exact', 'prefix', 'wildcard', 'strange']);
    action.policy = pick(['', 'single', 'roundrobin', 'strange']);
    if (kind === 'call') {
      for (let n = Math.floor(random() * 4); n > 0; n--) {
        const [callee, policy] = [pick(peers), pick(['', 'single', 'roundrobin', 'strange'])];
        const [span0, span1] = [word() | 1, word()];
        const invocation = new TracedInvocation(callee, id(), id(), span0, span1, moment(), policy, count());
        action.method = pick([uri, 'com.example.']);
        invocation.outcome = pick([...OUTCOMES, undefined]);
        invocation.error = error();
        invocation.endedAt = random() < 0.2 ? 0 : moment();
        withInvocation(action, invocation);
      }
    } else if (kind === 'publish' && random() < 0.7) {
      const fanOut = this.fanOut(action);
      fanOut.delivered = pick([0, 1, count()]);
      fanOut.dropped = pick([0, 1, count()]);
      fanOut.bytes = Math.floor(random() * 1e11);
      fanOut.endedAt = moment();
      fanOut.queuedMax = random() < 0.5 ? 0 : Math.floor(random() * 1e10);
      fanOut.subscriber = pick(peers);
      for (let n = random() < 0.5 ? 0 : Math.floor(random() * 9); n > 0; n--) {
        fanOut.selected ??= [];
        const [span0, span1, queued] = [word() | 1, word(), Math.floor(random() * 1e7)];
        const dropped = random() < 0.5;
        fanOut.selected.push({ subscriber: pick(peers), span0, span1, at: moment(), bytes: count(), queued, dropped });
      }
    }
    return action;
  }
}

const STATES = ['', '', 'ot=th:8', 'ot=th:fd70a;rv:00010203040506,congo=t61rcWkgMzE', '0a=1, b@c=x y', 'a=1,,b=2'];

const ERRORS = [
  'wamp.error.canceled',
  'wamp.error.no_such_procedure',
  'wamp.error.invalid_argument',
  'com.example.error.out_of_tea',
  'com.example.ошибка "quoted"',
];

export function end(action: TracedAction, outcome: Outcome, error = ''): TracedAction {
  action.outcome = outcome;
  action.error = error;
  action.endedAt = NOON + 3.5;
  return action;
}

/** As `TracedAction.invoke`, with an invocation that is there already. */
function withInvocation(action: TracedAction, invocation: TracedInvocation): void {
  action.invocations ??= [];
  action.invocations.push(invocation);
  action.invocation = invocation;
  action.invoked++;
}
