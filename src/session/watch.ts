/** Owns the numbering of frames and the one frame object that is shown to the tap: with no tap nothing is built. */

import type { Frame, SessionRef, Tap } from '../tap.js';
import type { Message } from '../wire/message.js';

/** Milliseconds since the Unix epoch, monotonic. */
export type Clock = () => number;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NOTHING = new Uint8Array(0);

/** What the sessions of a realm tell the outside through. */
export class Watch {
  readonly #clock: Clock;
  readonly #frame: Mutable<Frame>;
  /** The `seq` of the newest frame, counted also while nobody watches: pending calls keep it as their cause. */
  seq = 0;
  tap: Tap | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#frame = {
      seq: 0,
      at: 0,
      session: undefined as unknown as SessionRef,
      direction: 'received',
      message: undefined as unknown as Message,
      encoded: NOTHING,
      start: 0,
      end: 0,
      cause: 0,
      dropped: false,
    };
  }

  /** Shows a received message; `seq` was drawn by the caller. */
  received(tap: Tap, session: SessionRef, message: Message, seq: number, encoded: Uint8Array): void {
    const frame = this.#frame;
    frame.seq = seq;
    frame.at = this.#clock();
    frame.session = session;
    frame.direction = 'received';
    frame.message = message;
    frame.encoded = encoded;
    frame.start = 0;
    frame.end = encoded.length;
    frame.cause = 0;
    frame.dropped = false;
    tap.onFrame(frame);
  }

  /** Shows a message that was sent, or refused by the send queue. */
  sent(
    tap: Tap,
    session: SessionRef,
    message: Message,
    encoded: Uint8Array,
    start: number,
    end: number,
    cause: number,
    dropped: boolean,
  ): void {
    const frame = this.#frame;
    frame.seq = ++this.seq;
    frame.at = this.#clock();
    frame.session = session;
    frame.direction = 'sent';
    frame.message = message;
    frame.encoded = encoded;
    frame.start = start;
    frame.end = end;
    frame.cause = cause;
    frame.dropped = dropped;
    tap.onFrame(frame);
  }

  session(kind: 'joined' | 'left', session: SessionRef, reason: string): void {
    this.tap?.onSession({ kind, session, at: this.#clock(), reason });
  }
}
