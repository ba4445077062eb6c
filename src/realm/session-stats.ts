/** Owns `wamp.session.on_stats`: when a session's statistics are published, and what they say. */

import type { RealmSession } from '../session/host.js';
import type { Clock } from '../session/watch.js';
import type { Timers } from './dealer.js';
import type { LocalSession } from './local-session.js';

/** The realm's `stats` section. */
export interface StatsOptions {
  /** Octets, a power of two. */
  readonly ratedMessageSize: number;
  /** Publish after this many rated messages; 0: never. */
  readonly triggerAfterRatedMessages: number;
  /** Publish after this many seconds; 0: never. */
  readonly triggerAfterDuration: number;
  readonly triggerOnJoin: boolean;
  readonly triggerOnLeave: boolean;
}

/** Publications in one turn of the event loop: thousands of sessions may be due in the same millisecond. */
const PER_TURN = 100;

export const ON_STATS = 'wamp.session.on_stats';

/** Since when, and from which totals, the current cycle of a session counts. */
interface Cycle {
  number: number;
  since: number;
  bytes: number;
  messages: number;
  rated: number;
}

export class SessionStats {
  readonly #options: StatsOptions;
  readonly #service: LocalSession;
  readonly #timers: Timers;
  readonly #now: Clock;
  readonly #period: number;
  /** In the order in which their cycles began: with one period for all, the first is always the next one due. */
  readonly #cycles = new Map<RealmSession, Cycle>();
  readonly #due = new Set<RealmSession>();
  #timer: unknown;
  #dueTimer: unknown;

  constructor(options: StatsOptions, service: LocalSession, timers: Timers, now: Clock) {
    this.#options = options;
    this.#service = service;
    this.#timers = timers;
    this.#now = now;
    this.#period = options.triggerAfterDuration * 1000;
  }

  joined(session: RealmSession): void {
    this.#cycles.set(session, { number: 0, since: this.#now(), bytes: 0, messages: 0, rated: 0 });
    if (this.#options.triggerAfterRatedMessages > 0) {
      session.traffic.threshold = this.#options.triggerAfterRatedMessages;
      session.onRated = () => this.#soon(session);
    }
    if (this.#options.triggerOnJoin) this.#publish(session, false);
    // The handshake alone may be as much as the operator wants to hear of.
    else if (isDue(session)) this.#soon(session);
    this.#arm();
  }

  left(session: RealmSession): void {
    session.onRated = undefined;
    session.traffic.threshold = Number.POSITIVE_INFINITY;
    this.#due.delete(session);
    if (this.#options.triggerOnLeave) this.#publish(session, true);
    this.#cycles.delete(session);
  }

  close(): void {
    this.#timers.cancel(this.#timer);
    this.#timers.cancel(this.#dueTimer);
  }

  /** Not inside the handling of a message: a publication in the middle of a fan-out would overtake its rest. */
  #soon(session: RealmSession): void {
    this.#dueTimer ??= this.#timers.after(0, this.#publishDue);
    this.#due.add(session);
  }

  readonly #publishDue = (): void => {
    this.#dueTimer = undefined;
    const sessions = [...this.#due].slice(0, PER_TURN);
    for (const session of sessions) this.#due.delete(session);
    if (this.#due.size > 0) this.#dueTimer = this.#timers.after(0, this.#publishDue);
    // Not what its period has published in the meantime.
    for (const session of sessions) if (this.#cycles.has(session) && isDue(session)) this.#publish(session, false);
  };

  #arm(): void {
    if (this.#period === 0 || this.#timer !== undefined) return;
    const first = this.#cycles.values().next().value;
    if (!first) return;
    this.#timer = this.#timers.after(Math.max(0, first.since + this.#period - this.#now()), () => {
      this.#timer = undefined;
      const now = this.#now();
      let room = PER_TURN;
      // Those that are published begin anew at the end of the order, where nothing is due.
      for (const [session, cycle] of this.#cycles) {
        if (cycle.since + this.#period > now || room-- === 0) break;
        this.#publish(session, false);
      }
      this.#arm();
    });
  }

  #publish(session: RealmSession, last: boolean): void {
    const cycle = this.#cycles.get(session)!;
    const { traffic } = session;
    // Whole nanoseconds, so that a cycle begins exactly where the one before it ended.
    const now = this.#now();
    const since = nanoseconds(cycle.since);
    const bytes = traffic.receivedBytes + traffic.sentBytes;
    const messages = traffic.receivedMessages + traffic.sentMessages;
    const rated = traffic.receivedRated + traffic.sentRated;
    cycle.number++;
    const stats = {
      cycle: cycle.number,
      serializer: session.identity.serializer,
      timestamp: since,
      duration: nanoseconds(now) - since,
      bytes: bytes - cycle.bytes,
      messages: messages - cycle.messages,
      rated_messages: rated - cycle.rated,
      first: cycle.number === 1,
      last,
    };
    cycle.since = now;
    cycle.bytes = bytes;
    cycle.messages = messages;
    cycle.rated = rated;
    traffic.ratedInCycle = 0;
    // Its cycle begins anew, so it goes to the end of the order.
    this.#cycles.delete(session);
    this.#cycles.set(session, cycle);
    if (!this.#service.reaches(ON_STATS)) return;
    const { realm, authid, authrole } = session.identity;
    const who = { session: session.id, realm, authid, authrole };
    this.#service.publish(ON_STATS, [who, stats], undefined, false);
  }
}

function isDue({ traffic }: RealmSession): boolean {
  return traffic.ratedInCycle >= traffic.threshold;
}

/** Of milliseconds since the epoch. Their product with a million has 19 digits, more than a number holds. */
function nanoseconds(milliseconds: number): bigint {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
}
