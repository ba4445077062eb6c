/** Owns what a session needs of the house above it: realms to join, a watch to report to, ids to draw. */

import type { Cause, SessionRef, TransportType } from '../tap.js';
import type { RandomIds } from '../wire/ids.js';
import type { Dict, Message } from '../wire/message.js';
import type { AuthOptions } from './auth/authenticator.js';
import type { Broadcast } from './broadcast.js';
import type { Metering } from './metering.js';
import type { Traffic, TypeCounts } from './traffic.js';
import type { Watch } from './watch.js';

export interface SessionLimits {
  /** Octets that may wait for a slow peer before EVENTs are dropped and replies close the session. */
  readonly sendQueueBytes: number;
  /** Milliseconds from connection (or GOODBYE) to WELCOME. */
  readonly handshakeTimeout: number;
}

/** What became of a message: queued, refused by a full queue, longer than the peer accepts, or the session is over. */
export type Sent = 'sent' | 'full' | 'too_long' | 'gone';

/** A network session, as its realm sees it. */
export interface RealmSession {
  readonly id: number;
  /** What may be kept of the session after its end. */
  readonly identity: SessionRef;
  readonly authprovider: string;
  /** HELLO.Details.roles. */
  readonly roles: Dict;
  readonly traffic: Traffic;
  /** Called when `traffic.threshold` is reached, possibly more than once. */
  onRated: (() => void) | undefined;
  /** Address and subprotocol, for the meta API. */
  readonly peer: { readonly type: TransportType; readonly peer: string; readonly protocol: string };
  /** `undefined` before WELCOME and after the end. */
  readonly seat: Seat | undefined;
  /** Octets that wait for the operating system to take them. */
  readonly buffered: number;
  send(message: Message, cause: Cause | undefined): Sent;
  sendShared(broadcast: Broadcast, cause: Cause | undefined, metered: boolean): Sent;
  /** Ends the session from the router's side. */
  goodbye(reason: string, message: string | undefined): void;
}

/**
 * How a session ended: the client said GOODBYE or ABORT, an operator killed it, the router stopped, the peer broke the
 * protocol or did not read, the router gave up the transport, the network or the peer did, or the router has a fault.
 */
export type Leaving =
  | 'goodbye'
  | 'abort'
  | 'killed'
  | 'shutdown'
  | 'protocol_violation'
  | 'slow_consumer'
  | 'disconnected'
  | 'transport_lost'
  | 'router_fault';

/** What a session is to its realm once it has joined. */
export interface Seat {
  /** Milliseconds since the epoch. */
  readonly joined: number;
  readonly subscriptions: number;
  readonly registrations: number;
  /** One message that an established session may send. Throws ProtocolViolation. */
  receive(message: Message, cause: Cause | undefined): void;
  /** The cause of the open call that a message is about, if it is about one: what a tap is shown with it. */
  about(message: Message): Cause | undefined;
  /** The session is over: everything it owned goes. Called once. Returns the causes of the calls that it left open. */
  leave(reason: string, how: Leaving): readonly Cause[];
}

export interface SessionRealm {
  readonly name: string;
  readonly watch: Watch;
  readonly counts: TypeCounts;
  hasRole(role: string): boolean;
  /** WELCOME.Details.roles. */
  readonly roles: { readonly [role: string]: unknown };
  /** Called before WELCOME is sent; what the realm sends to the session comes after it. */
  seat(session: RealmSession): Seat;
  /** Called after WELCOME was sent. */
  joined(session: RealmSession): void;
}

export interface SessionHost {
  readonly watch: Watch;
  readonly limits: SessionLimits;
  readonly ids: RandomIds;
  /** What is measured for metrics; `undefined` while nobody reads them. */
  readonly metering: Metering | undefined;
  realm(name: string): SessionRealm | undefined;
  /** Reports a fault of the router's own code: it ends one session, never the router. */
  fault(what: string, error: unknown): void;
}

/** What a listening transport asks of those who connect. */
export interface ConnectionOptions {
  readonly auth: AuthOptions;
}
