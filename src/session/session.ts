/** Owns one session from HELLO to its end: the state machine, what is sent and received, and the two points where the tap looks. */

import type { Cause, TransportType } from '../tap.js';
import type { Closing, Transport } from '../transport/transport.js';
import { Code } from '../wire/codes.js';
import { CloseUri, ErrorUri, ProtocolViolation } from '../wire/errors.js';
import { abort, challenge, type Dict, EMPTY_DICT, goodbye, type Message, welcome } from '../wire/message.js';
import { HEADER_ROOM } from '../wire/serializers/serializer.js';
import type { AuthOptions } from './auth/authenticator.js';
import type { Broadcast } from './broadcast.js';
import { Handshake, type HandshakeStep } from './handshake.js';
import type { Leaving, RealmSession, Seat, Sent, SessionHost, SessionRealm } from './host.js';
import { type Identity, stranger } from './identity.js';
import type { SizeCounts } from './metering.js';
import { type Octets, Traffic, type TypeCounts } from './traffic.js';
import type { Turn } from './turn.js';
import type { Watch } from './watch.js';

/** Octets of a message after which the serializer gives its memory back. */
const LARGE = 1 << 20;

type State = 'opening' | 'established' | 'closing' | 'closed';

/** What a session tells the connection it runs on. */
export interface SessionEvents {
  /** Once: the client may say HELLO again on the same transport. */
  ended(session: Session): void;
  /** The router has said GOODBYE and waits for the answer. */
  closing(): void;
}

export class Session implements RealmSession {
  /** What others may keep of this session after its end. */
  readonly identity: Identity;
  authprovider = '';
  readonly traffic = new Traffic();
  roles: Dict = EMPTY_DICT;
  onRated: (() => void) | undefined;

  readonly #link: Transport;
  readonly #host: SessionHost;
  readonly #handshake: Handshake;
  readonly #events: SessionEvents;
  #state: State = 'opening';
  #seat: Seat | undefined;
  #watch: Watch;
  #counts: TypeCounts | undefined;
  #octets: Octets | undefined;
  readonly #sizes: SizeCounts | undefined;
  /** When HELLO came, while somebody measures it. */
  #hello: Turn | undefined;
  #isSlow = false;

  constructor(link: Transport, auth: AuthOptions, host: SessionHost, events: SessionEvents) {
    this.#link = link;
    this.#host = host;
    this.#handshake = new Handshake(auth, host, host.ids);
    this.#events = events;
    this.#watch = host.watch;
    this.#sizes = host.metering?.sizes;
    this.identity = stranger(link);
  }

  get id(): number {
    return this.identity.id;
  }

  get peer(): { readonly type: TransportType; readonly peer: string; readonly protocol: string } {
    return this.#link.info;
  }

  get established(): boolean {
    return this.#state === 'established';
  }

  get seat(): Seat | undefined {
    return this.#seat;
  }

  get buffered(): number {
    return this.#link.buffered;
  }

  /** One whole message of the peer, valid during the call. */
  receive(bytes: Buffer): void {
    if (this.#state === 'closed') return;
    this.#countReceived(bytes.length);
    let m: Message;
    try {
      m = this.#link.serializer.decode(bytes);
    } catch (error) {
      // Code 0 is no message's: what could not be read is counted as well, or bytes and messages would not agree.
      if (this.#counts) this.#counts.received[0]!++;
      this.#sizes?.add(0, bytes.length);
      return this.#failed(error, undefined);
    }
    const watch = this.#watch;
    const tap = watch.tap;
    if (this.#counts) this.#counts.received[m.code]!++;
    this.#sizes?.add(m.code, bytes.length);
    const cause = tap && watch.received(tap, this.identity, m, bytes.length, this.#seat, this.#link.turn);
    try {
      this.#dispatch(m, cause);
    } catch (error) {
      this.#failed(error, cause);
    }
    if (tap) watch.handled(tap, cause);
    this.#rated();
  }

  #dispatch(m: Message, cause: Cause | undefined): void {
    if (this.#state === 'established') {
      if (m.code === Code.GOODBYE) return this.#onGoodbye(m, cause);
      if (m.code === Code.ABORT) return this.#end(m.uri, true, 'abort');
      return this.#seat!.receive(m, cause);
    }
    if (this.#state === 'closing') {
      // WAMP basic, "Session Closing": who has said GOODBYE ignores everything but the other's.
      if (m.code === Code.GOODBYE) this.#end(CloseUri.goodbyeAndOut, true, 'goodbye');
      return;
    }
    if (m.code === Code.ABORT) return this.#end(m.uri, true, 'abort');
    this.#hello ??= this.#host.metering?.turns.current;
    this.#step(this.#handshake.receive(m), cause);
  }

  #step(step: HandshakeStep, cause: Cause | undefined): void {
    // Sessions that follow one another on a connection must not pile up answers that nobody reads.
    if (this.#link.buffered > this.#host.limits.sendQueueBytes) return this.#link.destroy(this.#slow());
    if (step.kind === 'challenge') {
      return void this.#write(challenge(step.method, step.extra), cause);
    }
    if (this.#hello) this.#host.metering!.login(this.#handshake.method, step.kind === 'welcome', this.#hello);
    this.#hello = undefined;
    if (step.kind === 'abort') {
      this.#part(abort, step.reason, step.message, cause);
      this.#end(step.reason, true, 'abort');
    } else {
      this.#join(step, this.#host.realm(step.hello.realm)!, cause);
    }
  }

  #join(step: HandshakeStep & { kind: 'welcome' }, realm: SessionRealm, cause: Cause | undefined): void {
    const { identity, hello } = step;
    const who = this.identity;
    who.id = this.#host.ids.global();
    who.realm = realm.name;
    who.authid = identity.authid;
    who.authrole = identity.authrole;
    who.authmethod = identity.authmethod;
    this.roles = hello.roles;
    this.authprovider = identity.authprovider;
    this.#seat = realm.seat(this);
    this.#state = 'established';
    this.#watch = realm.watch;
    const details: Dict = {
      roles: realm.roles,
      realm: realm.name,
      authid: who.authid,
      authrole: who.authrole,
      authmethod: who.authmethod,
      authprovider: this.authprovider,
    };
    this.#watch.joined(who);
    if (this.#write(welcome(who.id, details), cause) === 'sent') {
      this.#counts = realm.counts;
      this.#octets = realm.counts.octets[this.#link.serializer.name];
      countHandshake(this.#counts, this.#octets, this.traffic);
      return realm.joined(this);
    }
    // Nobody has heard of it yet, so nobody hears that it left.
    this.#seat = undefined;
    this.#watch.left(who, ErrorUri.payloadSizeExceeded, [], this.#watch.now(), this.traffic);
    this.#part(abort, ErrorUri.payloadSizeExceeded, 'WELCOME is longer than the client accepts', cause);
    this.#end(ErrorUri.payloadSizeExceeded, true, 'abort');
  }

  #onGoodbye(m: Message, cause: Cause | undefined): void {
    this.#write(goodbye(EMPTY_DICT, CloseUri.goodbyeAndOut), cause);
    this.#end(m.uri || CloseUri.closeRealm, false, 'goodbye');
  }

  /** What came was no message, or none that may come now (WAMP basic, "Protocol Errors"). */
  violation(what: string, cause?: Cause): void {
    if (this.#state === 'closed') return;
    // Who has said GOODBYE says nothing more (WAMP basic, "Session Closing").
    if (this.#state !== 'closing') this.#part(abort, ErrorUri.protocolViolation, what, cause);
    this.#end(ErrorUri.protocolViolation, true, 'protocol_violation');
  }

  #failed(error: unknown, cause: Cause | undefined): void {
    if (error instanceof ProtocolViolation) return this.violation(error.message, cause);
    this.#host.fault('a message could not be handled', error);
    if (this.#state === 'closed') return this.#link.destroy(ErrorUri.runtimeError);
    this.#part(abort, ErrorUri.runtimeError, 'the router failed to handle a message', cause);
    this.#end(ErrorUri.runtimeError, true, 'router_fault');
  }

  /** The transport is gone. */
  lost(closing: Closing): void {
    const how = this.#isSlow ? 'slow_consumer' : 'disconnected';
    this.#end(closing.lost ? 'transport_lost' : closing.reason, false, closing.lost ? 'transport_lost' : how);
  }

  /** Ends the session from the router's side: GOODBYE, and the transport goes when the peer has answered. */
  goodbye(reason: string, message: string | undefined): void {
    const how = reason === CloseUri.systemShutdown ? 'shutdown' : 'killed';
    if (this.#state !== 'established') return this.#end(reason, true, how);
    this.#part(goodbye, reason, message, undefined);
    this.#state = 'closing';
    this.#leave(reason, how);
    this.#events.closing();
  }

  #end(reason: string, closeTransport: boolean, how: Leaving): void {
    if (this.#state === 'closed') return;
    // Before leaving, which sends messages to others: this one gets nothing after GOODBYE or ABORT.
    this.#state = 'closed';
    this.#leave(reason, how);
    if (closeTransport) this.#link.close(reason);
    else this.#events.ended(this);
  }

  #leave(reason: string, how: Leaving): void {
    const seat = this.#seat;
    const watch = this.#watch;
    const since = watch.now();
    if (seat) {
      this.#seat = undefined;
      // What still comes, such as the answer to our GOODBYE, is on no account: the last one is told now.
      this.#counts = undefined;
      this.#octets = undefined;
      const open = seat.leave(reason, how);
      watch.left(this.identity, reason, open, since, this.traffic);
    } else if (this.identity.id === 0 && this.traffic.receivedMessages > 0) {
      watch.left(this.identity, reason, [], since, this.traffic);
    }
  }

  /** Says ABORT or GOODBYE. Peers choose what some of them tell: what is longer than this one accepts is left out. */
  #part(make: typeof abort, reason: string, message: string | undefined, cause: Cause | undefined): void {
    if (message !== undefined && this.#write(make({ message }, reason), cause) !== 'too_long') return;
    if (this.#write(make(EMPTY_DICT, reason), cause) === 'too_long')
      this.#write(make(EMPTY_DICT, ErrorUri.payloadSizeExceeded), cause);
  }

  /** Sends one message; replies that the queue refuses end the session, because a reply is never lost silently. */
  send(m: Message, cause: Cause | undefined): Sent {
    if (this.#state !== 'established') return 'gone';
    if (this.#link.buffered > this.#host.limits.sendQueueBytes) return this.#refuse(m, cause);
    return this.#write(m, cause);
  }

  #write(m: Message, cause: Cause | undefined): Sent {
    const link = this.#link;
    const serializer = link.serializer;
    const end = serializer.encode(m);
    const octets = end - HEADER_ROOM;
    if (octets > link.maxSend) {
      if (m.code === Code.INVOCATION) this.#tellDropped(m, octets, cause);
      return 'too_long';
    }
    this.traffic.sent(octets, true);
    const counts = this.#counts;
    if (counts) {
      counts.sent[m.code]!++;
      this.#octets!.sent += octets;
    }
    this.#sizes?.add(m.code, octets);
    const watch = this.#watch;
    const tap = watch.tap;
    if (tap !== undefined) {
      const queued = m.code === Code.INVOCATION ? link.buffered : 0;
      watch.sent(tap, this.identity, m, octets, cause, queued, link.turn);
    }
    link.send(serializer.out, end);
    if (octets > LARGE) serializer.trim();
    this.#rated();
    return 'sent';
  }

  #refuse(m: Message, cause: Cause | undefined): Sent {
    this.#tellDropped(m, 0, cause);
    if (m.code === Code.INVOCATION || m.code === Code.INTERRUPT) return 'full';
    this.#link.destroy(this.#slow());
    return 'full';
  }

  #tellDropped(m: Message, octets: number, cause: Cause | undefined): void {
    const watch = this.#watch;
    const { buffered, turn } = this.#link;
    if (watch.tap) watch.shared(watch.tap, this.identity, m, octets, cause, true, buffered, turn);
  }

  #slow(): string {
    this.#isSlow = true;
    return `send queue over ${this.#host.limits.sendQueueBytes} octets: the peer does not read`;
  }

  /** Sends one of the messages of a fan-out; one that does not fit is dropped and counted. */
  sendShared(broadcast: Broadcast, cause: Cause | undefined, metered: boolean): Sent {
    if (this.#state !== 'established') return 'gone';
    const link = this.#link;
    const { bytes, start } = broadcast.for(link);
    const octets = bytes.length - start;
    let outcome: Sent = 'sent';
    const queued = link.buffered;
    if (octets > link.maxSend) outcome = 'too_long';
    else if (queued > this.#host.limits.sendQueueBytes) outcome = 'full';
    const counts = this.#counts!;
    if (outcome === 'sent') {
      this.traffic.sent(octets, metered);
      counts.sent[broadcast.message.code]!++;
      this.#octets!.sent += octets;
      this.#sizes?.add(broadcast.message.code, octets);
    } else {
      this.traffic.droppedEvents++;
      if (outcome === 'full') counts.droppedFull++;
      else counts.droppedLong++;
    }
    const watch = this.#watch;
    const tap = watch.tap;
    if (tap !== undefined)
      watch.shared(tap, this.identity, broadcast.message, octets, cause, outcome !== 'sent', queued, link.turn);
    if (outcome !== 'sent') return outcome;
    link.sendShared(bytes);
    this.#rated();
    return outcome;
  }

  #countReceived(octets: number): void {
    this.traffic.received(octets);
    if (this.#octets) this.#octets.received += octets;
  }

  #rated(): void {
    if (this.traffic.ratedInCycle >= this.traffic.threshold) this.onRated?.();
  }
}

/** HELLO and what else crossed before the realm was known belong to its totals as well. */
function countHandshake(counts: TypeCounts, octets: Octets, traffic: Traffic): void {
  octets.received += traffic.receivedBytes;
  octets.sent += traffic.sentBytes;
  counts.received[Code.HELLO]!++;
  counts.received[Code.AUTHENTICATE]! += traffic.receivedMessages - 1;
  counts.sent[Code.CHALLENGE]! += traffic.sentMessages - 1;
  counts.sent[Code.WELCOME]!++;
}
