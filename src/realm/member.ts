/** Owns what broker and dealer know of one session in their realm, and the records they keep of it. */

import type { Broadcast } from '../session/broadcast.js';
import type { Sent } from '../session/host.js';
import type { Turn } from '../session/turn.js';
import type { Cause, SessionRef } from '../tap.js';
import { Code } from '../wire/codes.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import type { Dict, Message } from '../wire/message.js';
import type { Role } from './authorizer.js';
import { IdMap } from './id-map.js';
import type { Match } from './matching.js';
import type { MethodMeter } from './method-meter.js';
import type { Forward } from './trace-forwarding.js';

export interface Subscription {
  readonly id: number;
  readonly uri: string;
  readonly match: Match;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly subscribers: Set<Member>;
  /** EVENTs sent for it. */
  events: number;
}

/** How a shared registration picks its callee (WAMP advanced, "Shared Registration"). */
export type InvokePolicy = 'single' | 'roundrobin';

export interface Registration {
  readonly id: number;
  readonly uri: string;
  readonly match: Match;
  readonly invoke: InvokePolicy;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly callees: Member[];
  /** Index of the callee that is next in turn. */
  next: number;
  /** Calls that it took. */
  calls: number;
  /** Set by the first call that is measured. */
  meter: MethodMeter | undefined;
}

/** A call between its CALL and its final RESULT or ERROR. */
export interface Call {
  readonly caller: Member;
  readonly request: number;
  readonly registration: Registration;
  readonly callee: Member;
  readonly invocation: number;
  /** Of the CALL, for messages that no later message causes (a timeout, a callee that left) and for the answer. */
  readonly cause: Cause | undefined;
  readonly progressive: boolean;
  readonly timeout: number;
  /** When it began; `undefined` while nothing is measured. */
  readonly turn: Turn | undefined;
  timer: unknown;
  /** A CANCEL of mode `kill` waits for the callee's answer. */
  killed: boolean;
}

/** How messages reach a session. Broker and dealer have no other effect on the world; a test records here. */
export interface Outbox {
  /** `cause` is that of the received message that made us send this. */
  send(message: Message, cause: Cause | undefined): Sent;
  sendShared(broadcast: Broadcast, cause: Cause | undefined, metered: boolean): Sent;
}

export class Member {
  readonly session: SessionRef;
  readonly role: Role;
  readonly outbox: Outbox;
  /** The newest request id, for the sequence that the six requests share (WAMP basic, "IDs"). */
  lastRequest = 0;
  readonly subscriptions = new Set<Subscription>();
  readonly registrations = new Set<Registration>();
  /** As caller: open calls by CALL.Request. */
  readonly calls: IdMap<Call>;
  /** As callee: open calls by INVOCATION.Request. */
  readonly invocations: IdMap<Call>;
  lastInvocation = 0;
  /** As callee: takes INTERRUPT. */
  readonly cancels: boolean;
  /** As callee: sends progressive results. */
  readonly progresses: boolean;
  /** As caller: sends progressive invocations, which are refused unless announced. */
  readonly streams: boolean;
  /** INVOCATION, EVENT and RESULT to it carry trace context. */
  readonly tracesInvocations: boolean;
  readonly tracesEvents: boolean;
  readonly tracesResults: boolean;

  /** `secret` is a random word, for sessions that choose their request ids as they like. */
  constructor(
    session: SessionRef,
    roles: Dict,
    role: Role,
    outbox: Outbox,
    secret: number | undefined,
    forward: Forward = 'announced',
  ) {
    this.calls = new IdMap(secret);
    this.invocations = new IdMap();
    this.session = session;
    this.role = role;
    this.outbox = outbox;
    this.cancels = announces(roles, 'callee', 'call_canceling');
    this.progresses = announces(roles, 'callee', 'progressive_call_results');
    this.streams = announces(roles, 'caller', 'progressive_call_invocations');
    const isForced = forward === 'always' && !session.internal;
    const mayTrace = forward !== 'never';
    this.tracesInvocations = isForced || (mayTrace && announces(roles, 'callee', TRACE_CONTEXT));
    this.tracesEvents = isForced || (mayTrace && announces(roles, 'subscriber', TRACE_CONTEXT));
    // Nobody but who asked for it: the caller knows its own trace.
    this.tracesResults = mayTrace && announces(roles, 'caller', TRACE_CONTEXT);
  }

  get id(): number {
    return this.session.id;
  }

  /** The cause of the open call that a YIELD, ERROR or CANCEL of this session is about. */
  about(m: Message): Cause | undefined {
    if (m.code === Code.YIELD || m.code === Code.ERROR) return this.invocations.get(m.request)?.cause;
    return m.code === Code.CANCEL ? this.calls.get(m.request)?.cause : undefined;
  }
}

/** Not of the specification, hence the underscore. */
const TRACE_CONTEXT = '_trace_context';

/** Whether HELLO.Details.roles announces a feature; whatever is no `true` is no. */
function announces(roles: Dict, role: string, feature: string): boolean {
  const features = (roles[role] as { features?: Record<string, unknown> } | null | undefined)?.features;
  return typeof features === 'object' && features !== null && features[feature] === true;
}

/** Open calls, registrations and subscriptions that one session may have, of each: no peer may fill our memory. */
export const MAX_PER_SESSION = 65_536;

export function limitExceeded(what: string): WampError {
  return new WampError(ErrorUri.limitExceeded, `this session has ${MAX_PER_SESSION} ${what}, which is the limit`);
}
