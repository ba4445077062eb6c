/** Owns the numbering of frames and the one frame object that is shown to the tap: with no tap nothing is built. */

import type { Cause, Frame, SessionRef, SessionTotals, Tap } from '../tap.js';
import type { Message } from '../wire/message.js';

/** Milliseconds since the Unix epoch, monotonic. */
export type Clock = () => number;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** EVENTs of one fan-out that share a reading of the clock, which costs more than all else there is to tell of them. */
const SHARED_STAMP = 64;

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

/** What the sessions of a realm tell the outside through. */
export class Watch {
  readonly #clock: Clock;
  /** Reads the clock for what is over now; what comes next in this turn begins then. */
  readonly stamp: Clock;
  #frame: Mutable<Frame> = newFrame();
  #seq = 0;
  /** For how many more receivers of the message that was sent last the time it was stamped with holds. */
  #holds = 0;
  /** The turn in which the clock was read last for a received message. */
  #turn = 0;
  tap: Tap | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.stamp = () => {
      this.#frame.at = clock();
      return this.#frame.at;
    };
  }

  /**
   * Shows a received message; `about` is the cause of the open call that it is about, `turn` as `Transport.turn`. In one
   * turn a message is dated when the one before it was done with, which is now: a reading of the clock costs as much as
   * finding the action.
   */
  received(
    tap: Tap,
    session: SessionRef,
    message: Message,
    octets: number,
    about: Cause | undefined,
    turn: number,
  ): Cause | undefined {
    const frame = this.#next();
    if (turn === 0 || turn !== this.#turn) {
      this.#turn = turn;
      frame.at = this.#clock();
    }
    frame.session = session;
    frame.direction = 'received';
    frame.message = message;
    frame.octets = octets;
    frame.cause = about;
    frame.dropped = false;
    frame.queued = 0;
    return tap.onFrame(frame);
  }

  /** Shows a message that was sent, or refused by the send queue. */
  sent(
    tap: Tap,
    session: SessionRef,
    message: Message,
    octets: number,
    cause: Cause | undefined,
    dropped: boolean,
    queued: number,
  ): void {
    const frame = this.#next();
    if (message !== frame.message || --this.#holds === 0) {
      this.#holds = SHARED_STAMP;
      frame.at = this.#clock();
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

  #next(): Mutable<Frame> {
    const seq = ++this.#seq;
    if (seq % FRAMES_OF_AN_OBJECT === 0) {
      const { at } = this.#frame;
      this.#frame = newFrame();
      this.#frame.at = at;
    }
    this.#frame.seq = seq;
    return this.#frame;
  }

  joined(session: SessionRef): void {
    const { tap } = this;
    if (!tap) return;
    const at = this.#clock();
    tap.onSession({ kind: 'joined', session, at, reason: '', open: [], since: at, totals: undefined });
  }

  /** For whoever watches, else 0. */
  now(): number {
    return this.tap ? this.#clock() : 0;
  }

  left(session: SessionRef, reason: string, open: readonly Cause[], since: number, totals: SessionTotals): void {
    this.tap?.onSession({ kind: 'left', session, at: this.#clock(), reason, open, since, totals });
  }
}
