/** Owns one realm: its members, which message goes to which part, and the order in which joining and leaving happen. */

import type { Leaving, RealmSession, Seat, SessionRealm } from '../session/host.js';
import type { Metering } from '../session/metering.js';
import { TypeCounts } from '../session/traffic.js';
import type { Clock, Watch } from '../session/watch.js';
import type { Cause } from '../tap.js';
import { Code, messageName } from '../wire/codes.js';
import { ProtocolViolation, WampError } from '../wire/errors.js';
import type { RandomIds } from '../wire/ids.js';
import { nextId } from '../wire/ids.js';
import { EMPTY_DICT, type Message } from '../wire/message.js';
import type { UriCheck } from '../wire/uris.js';
import { Attendance } from './attendance.js';
import { Role, type RoleOptions, trustedRole } from './authorizer.js';
import { Broker } from './broker.js';
import { Dealer, type Timers } from './dealer.js';
import { ROLES, ROLES_UNTRACED } from './features.js';
import { type LocalRealm, LocalSession } from './local-session.js';
import { Member } from './member.js';
import { MetaApi } from './meta.js';
import { RealmMeter } from './realm-meter.js';
import { refuse } from './refusal.js';
import { SessionStats, type StatsOptions } from './session-stats.js';
import { TraceForwarding, type TraceForwardingOptions } from './trace-forwarding.js';

export interface RealmOptions {
  readonly name: string;
  readonly roles: readonly RoleOptions[];
  readonly uriCheck: UriCheck;
  /** `lenient` accepts request ids out of sequence, for clients that draw them at random. */
  readonly requestIds: 'strict' | 'lenient';
  readonly metaApi: boolean;
  /** `id`: on_leave carries the session id alone, as Crossbar's; `full`: id, authid and authrole, as the specification's. */
  readonly onLeave: 'id' | 'full';
  readonly stats: StatsOptions | undefined;
  /** Default: to sessions that announce `_trace_context`, without baggage. */
  readonly traceContext?: TraceForwardingOptions;
}

/** What a realm needs that is not its own. */
export interface RealmEnvironment {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: RandomIds;
  readonly watch: Watch;
  /** `undefined`: nothing is measured. */
  readonly metering: Metering | undefined;
  /** Reports a fault of the router's own code. */
  readonly fault: (what: string, error: unknown) => void;
}

export class Realm implements SessionRealm, LocalRealm {
  readonly name: string;
  readonly watch: Watch;
  readonly counts = new TypeCounts();
  readonly roles: SessionRealm['roles'];
  readonly broker: Broker;
  readonly dealer: Dealer;
  /** Network sessions, in the order in which they joined. */
  readonly sessions = new Map<number, RealmSession>();
  readonly attendance = new Attendance();
  readonly meter: RealmMeter | undefined;
  readonly #options: RealmOptions;
  readonly #env: RealmEnvironment;
  readonly #roles = new Map<string, Role>();
  readonly #trusted = trustedRole();
  readonly #strictIds: boolean;
  readonly #forwarding: TraceForwarding;
  readonly #meta: MetaApi;
  readonly #stats: SessionStats | undefined;
  readonly #later: (() => void)[] = [];
  #depth = 0;

  constructor(options: RealmOptions, env: RealmEnvironment) {
    this.name = options.name;
    this.watch = env.watch;
    this.#options = options;
    this.#env = env;
    this.#strictIds = options.requestIds === 'strict';
    this.#forwarding = new TraceForwarding(options.traceContext);
    this.roles = this.#forwarding.forward === 'never' ? ROLES_UNTRACED : ROLES;
    for (const role of options.roles) this.#roles.set(role.name, new Role(role, options.uriCheck));
    if (env.metering) this.meter = new RealmMeter(env.metering);
    const meta = new MetaApi(this, options.onLeave);
    this.#meta = meta;
    this.broker = new Broker(env.clock, () => env.ids.global(), meta, this.meter, this.#forwarding);
    this.dealer = new Dealer(env.clock, env.timers, meta, this.meter, this.#forwarding);
    const service = this.local(`wampscope.realm.${options.name}`);
    meta.start(service, options.metaApi);
    if (options.stats) this.#stats = new SessionStats(options.stats, service, env.timers, env.clock);
  }

  hasRole(role: string): boolean {
    return this.#roles.has(role);
  }

  /** A new session of the router's own in this realm. */
  local(authid: string): LocalSession {
    const session = new LocalSession(this.#env.ids.global(), this.name, authid, this);
    session.member = new Member(session, EMPTY_DICT, this.#trusted, session, undefined);
    return session;
  }

  seat(session: RealmSession): Seat {
    const role = this.#roles.get(session.identity.authrole)!;
    const { forward } = this.#forwarding;
    const secret = this.#strictIds ? undefined : this.#env.ids.word();
    const member = new Member(session.identity, session.roles, role, session, secret, forward);
    const joined = this.#env.clock();
    return {
      joined,
      get subscriptions() {
        return member.subscriptions.size;
      },
      get registrations() {
        return member.registrations.size;
      },
      receive: (m, cause) => this.#handle(member, m, cause, true),
      about: m => member.about(m),
      leave: (_, how) => {
        this.meter?.sessionDuration.add(this.#env.clock() - joined);
        return this.#left(session, member, how);
      },
    };
  }

  joined(session: RealmSession): void {
    this.sessions.set(session.id, session);
    this.attendance.joined(session);
    session.traffic.rateBy(this.#options.stats?.ratedMessageSize ?? 512);
    this.#meta.joined(session);
    this.#stats?.joined(session);
    this.#settle();
  }

  /** Final statistics come before on_leave, so that whoever keeps accounts can close one when it hears of the leave. */
  #left(session: RealmSession, member: Member, how: Leaving): readonly Cause[] {
    // A session that could not be welcomed never was in it.
    if (this.sessions.delete(session.id)) this.attendance.left(session, how);
    const open = this.dealer.leave(member);
    this.broker.leave(member);
    this.#stats?.left(session);
    this.#meta.left(session);
    this.#settle();
    return open;
  }

  act(session: LocalSession, m: Message, metered: boolean): void {
    const { tap } = this.watch;
    const member = session.member!;
    const cause = tap && this.watch.received(tap, session, m, 0, member, 0);
    try {
      this.#handle(member, m, cause, metered);
    } finally {
      if (tap) this.watch.handled(tap, cause);
    }
  }

  reaches(topic: string): boolean {
    return this.broker.reaches(topic);
  }

  sent(session: LocalSession, m: Message, cause: Cause | undefined): void {
    const { tap } = this.watch;
    if (tap) this.watch.sent(tap, session, m, 0, cause, 0, 0);
  }

  later(work: () => void): void {
    this.#later.push(work);
  }

  fault(what: string, error: unknown): void {
    this.#env.fault(what, error);
  }

  #handle(from: Member, m: Message, cause: Cause | undefined, metered: boolean): void {
    this.#depth++;
    try {
      this.#dispatch(from, m, cause, metered);
    } catch (failure) {
      if (!(failure instanceof WampError)) throw failure;
      refuse(from, m.code, m.request, failure.uri, failure.message, cause);
      this.meter?.refused(
        m.code,
        failure.uri,
        m.code === Code.CALL ? this.dealer.registrations.best(m.uri) : undefined,
      );
    } finally {
      this.#depth--;
    }
    this.#settle();
  }

  #dispatch(from: Member, m: Message, cause: Cause | undefined, metered: boolean): void {
    if (m.options !== EMPTY_DICT && m.options.ppt_scheme !== undefined) {
      // WAMP advanced, "Payload Passthru Mode": without the option the receiver could not read what it gets.
      throw new ProtocolViolation('option ppt_scheme, but this router does not announce payload_passthru_mode');
    }
    switch (m.code) {
      case Code.PUBLISH:
        this.#inSequence(from, m);
        return this.#publish(from, m, cause, metered);
      case Code.CALL:
        this.#inSequence(from, m);
        return this.dealer.call(from, m, cause);
      case Code.YIELD:
        return this.dealer.yield(from, m, this.watch.tap !== undefined);
      case Code.ERROR:
        return this.dealer.error(from, m, this.watch.tap !== undefined);
      case Code.CANCEL:
        return this.dealer.cancel(from, m);
      case Code.SUBSCRIBE:
        this.#inSequence(from, m);
        return this.broker.subscribe(from, m, cause);
      case Code.UNSUBSCRIBE:
        this.#inSequence(from, m);
        return this.broker.unsubscribe(from, m, cause);
      case Code.REGISTER:
        this.#inSequence(from, m);
        return this.dealer.register(from, m, cause);
      case Code.UNREGISTER:
        this.#inSequence(from, m);
        return this.dealer.unregister(from, m, cause);
      default:
        throw new ProtocolViolation(`${messageName(m.code)} must not come from a client in an established session`);
    }
  }

  #publish(from: Member, m: Message, cause: Cause | undefined, metered: boolean): void {
    const refusal = this.broker.publish(from, m, cause, metered);
    if (refusal && cause) this.watch.tap?.onRefused(cause, refusal.uri);
  }

  /** WAMP basic, "IDs": the six requests of a session share one sequence, and a gap in it is a protocol error. */
  #inSequence(from: Member, m: Message): void {
    const expected = nextId(from.lastRequest);
    if (this.#strictIds) {
      if (m.request !== expected) {
        throw new ProtocolViolation(`${messageName(m.code)}.Request is ${m.request}, expected ${expected}`);
      }
    } else if (m.code === Code.CALL && from.calls.has(m.request)) {
      throw new ProtocolViolation(`CALL.Request ${m.request} belongs to a call that is still open`);
    }
    from.lastRequest = m.request;
  }

  /** Runs what was put off until no message is in hand. */
  #settle(): void {
    if (this.#depth > 0) return;
    for (let work = this.#later.shift(); work; work = this.#later.shift()) work();
  }

  /** Stops the timers of the realm. */
  close(): void {
    this.#stats?.close();
  }
}
