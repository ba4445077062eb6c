/** Owns the numbering of frames and the one frame object that is shown to the tap: with no tap nothing is built. */

import type { Cause, Frame, SessionRef, SessionTotals, Tap } from '../tap.js';
import { Code } from '../wire/codes.js';
import { EMPTY_DICT, type Message } from '../wire/message.js';

/** Milliseconds since the Unix epoch, monotonic. */
export type Clock = () => number;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A reading of the clock costs as much as finding the action, so as many messages of one turn share it as take some twenty
 * microseconds: this many EVENTs of a fan-out, a quarter of it received messages, an eighth other sent ones. What a turn brings
 * alone has readings of its own, and so has an INVOCATION whose cause asks for it, because from it on the time is the callee's.
 */
const SHARED = 64;
const OF_EVENT = 1;
const OF_RECEIVED = 4;
const OF_OTHER = 8;

/** An object that has grown old costs the collector a note for each young one it is given, which is each message. */
const FRAMES_OF_AN_OBJECT = 256;

function newFrame(): Mutable<Frame> {
  return {
    seq: 0,
    at: 0,
    session: undefined as unknown as SessionRef,
    direction: 'received',
    message: undefined as unknown as Message,
    octets: 0,
    cause: undefined,
    dropped: false,
    queued: 0,
  };
}

/** Who knows what a YIELD, an ERROR or a CANCEL of a session is about. */
interface Seated {
  about(message: Message): Cause | undefined;
}

/** What the sessions of a realm tell the outside through. */
export class Watch {
  readonly #clock: Clock;
  /** Reads the clock for what is over now; what comes next in this turn begins then. */
  readonly #stamp: Clock = () => this.#read();
  #frame: Mutable<Frame> = newFrame();
  #seq = 0;
  /** Frames for which the object is good yet. */
  #left = FRAMES_OF_AN_OBJECT;
  /** How much more the last reading of the clock may be shared, and the turn in which that is so. */
  #rest = 0;
  #turn = 0;
  /** The frame is a YIELD that has not been shown: the end of its call will tell of it, if it leads to that. */
  #isHeld = false;
  /** Of a YIELD that was shown late: it has not been said yet that it has been handled. */
  #owed: Cause | undefined = undefined;
  /** Of EVENTs that were not shown one by one: how many, their octets, and what waited for the slowest receiver. */
  #more = 0;
  #moreOctets = 0;
  #moreQueued = 0;
  tap: Tap | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Shows a received message; `seat` knows what open call it is about, `turn` as `Transport.turn`. `handled` has to
   * follow.
   */
  received(
    tap: Tap,
    session: SessionRef,
    message: Message,
    octets: number,
    seat: Seated | undefined,
    turn: number,
  ): Cause | undefined {
    const { calls } = tap;
    if (calls !== undefined && message.code === Code.CALL) {
      this.#catchUp(tap);
      const at = this.#dateReceived(turn);
      return calls.onCall(session, message, octets, ++this.#seq, at);
    }
    const isHeld = calls !== undefined && message.code === Code.YIELD && message.options === EMPTY_DICT;
    // What is held is about what it leads to; when that is nothing, it was late.
    const about = isHeld ? undefined : seat?.about(message);
    const frame = this.#next(tap);
    this.#dateReceived(turn);
    frame.session = session;
    frame.direction = 'received';
    frame.message = message;
    frame.octets = octets;
    frame.cause = about;
    frame.dropped = false;
    frame.queued = 0;
    this.#isHeld = isHeld;
    return isHeld ? undefined : tap.onFrame(frame);
  }

  /** Shows a message that was sent to nobody else; `turn` as in `received`. */
  sent(
    tap: Tap,
    session: SessionRef,
    message: Message,
    octets: number,
    cause: Cause | undefined,
    queued: number,
    turn: number,
  ): void {
    const { calls } = tap;
    if (calls !== undefined && cause !== undefined) {
      if (message.code === Code.RESULT && this.#isHeld) {
        this.#isHeld = false;
        const answeredAt = this.#frame.at;
        return calls.onAnswer(cause, answeredAt, ++this.#seq, this.#dateSent(turn, false));
      }
      if (message.code === Code.INVOCATION) {
        this.#catchUp(tap);
        return calls.onInvocation(cause, session, message, queued, ++this.#seq, this.#dateSent(turn, cause.exact));
      }
    }
    this.shared(tap, session, message, octets, cause, false, queued, turn);
  }

  /** Shows a message that was sent, perhaps to others as well, or refused by the send queue; `turn` as in `received`. */
  shared(
    tap: Tap,
    session: SessionRef,
    message: Message,
    octets: number,
    cause: Cause | undefined,
    dropped: boolean,
    queued: number,
    turn: number,
  ): void {
    if (message === this.#frame.message && dropped === false && queued < (tap.bulkBelow ?? 0)) {
      this.#more++;
      this.#moreOctets += octets;
      if (queued > this.#moreQueued) this.#moreQueued = queued;
      return;
    }
    if (this.#isHeld) this.#showHeld(tap, cause);
    const again = message === this.#frame.message;
    const frame = this.#next(tap);
    if (again) {
      this.#rest -= OF_EVENT;
      if (this.#rest < 0) this.#read();
    } else {
      this.#dateSent(turn, message.code === Code.INVOCATION && cause?.exact === true);
    }
    frame.session = session;
    frame.direction = 'sent';
    frame.message = message;
    frame.octets = octets;
    frame.cause = cause;
    frame.dropped = dropped;
    frame.queued = queued;
    tap.onFrame(frame);
  }

  /** Dates the frame, as it is or anew; returns when that is. */
  #dateReceived(turn: number): number {
    this.#rest -= OF_RECEIVED;
    if (turn !== 0 && turn === this.#turn && this.#rest >= 0) return this.#frame.at;
    this.#turn = turn;
    return this.#read();
  }

  #dateSent(turn: number, exact: boolean): number {
    this.#rest -= OF_OTHER;
    return turn === 0 || turn !== this.#turn || exact || this.#rest < 0 ? this.#read() : this.#frame.at;
  }

  #read(): number {
    this.#rest = SHARED;
    this.#frame.at = this.#clock();
    return this.#frame.at;
  }

  /** All that a received message made the router do is done; `cause` is what `received` returned. */
  handled(tap: Tap, cause: Cause | undefined): void {
    this.#catchUp(tap);
    if (cause !== undefined) tap.onHandled(cause, this.#stamp);
    else this.#payOwed(tap);
  }

  /** It has not ended its call: it was late, or the RESULT could not be sent. */
  #showHeld(tap: Tap, about: Cause | undefined): void {
    this.#payOwed(tap);
    this.#isHeld = false;
    this.#frame.cause = about;
    this.#owed = tap.onFrame(this.#frame);
  }

  #payOwed(tap: Tap): void {
    const owed = this.#owed;
    this.#owed = undefined;
    if (owed !== undefined) tap.onHandled(owed, this.#stamp);
  }

  #catchUp(tap: Tap): void {
    if (this.#isHeld) this.#showHeld(tap, undefined);
    if (this.#more > 0) this.#tellMore(tap);
  }

  #tellMore(tap: Tap): void {
    const { cause } = this.#frame;
    this.#seq += this.#more;
    if (cause !== undefined) tap.onBulk?.(cause, this.#more, this.#moreOctets, this.#moreQueued);
    this.#more = 0;
    this.#moreOctets = 0;
    this.#moreQueued = 0;
  }

  #next(tap: Tap): Mutable<Frame> {
    this.#catchUp(tap);
    if (--this.#left === 0) {
      const { at } = this.#frame;
      this.#left = FRAMES_OF_AN_OBJECT;
      this.#frame = newFrame();
      this.#frame.at = at;
    }
    this.#frame.seq = ++this.#seq;
    return this.#frame;
  }

  joined(session: SessionRef): void {
    const { tap } = this;
    if (!tap) return;
    this.#catchUp(tap);
    const at = this.#stamp();
    tap.onSession({ kind: 'joined', session, at, reason: '', open: [], since: at, totals: undefined });
  }

  /** For whoever watches, else 0. */
  now(): number {
    const { tap } = this;
    if (!tap) return 0;
    this.#catchUp(tap);
    return this.#stamp();
  }

  left(session: SessionRef, reason: string, open: readonly Cause[], since: number, totals: SessionTotals): void {
    const { tap } = this;
    if (!tap) return;
    this.#catchUp(tap);
    tap.onSession({ kind: 'left', session, at: this.#stamp(), reason, open, since, totals });
  }
}
