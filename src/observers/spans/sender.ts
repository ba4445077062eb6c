/** Owns the way of an encoded request until its fate is known: attempts, pauses between them, and when to give up. */

import type { Failures } from './accounts.js';
import { Breaker, type BreakerOptions } from './breaker.js';
import type { Clock } from './clock.js';
import type { Figures } from './figures.js';
import type { Answer, Post } from './http-post.js';

/** An encoded request, compressed if that was asked for. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly spans: number;
}

/** `failures`: of how many spans and why; all others were exported. `error` says the last reason, '' when there is none. */
export interface Outcome {
  readonly failures: Failures;
  readonly error: string;
  /** The memory of the request may be used again. */
  readonly isFree: boolean;
}

export type Sent = (outcome: Outcome) => void;

/** Milliseconds. */
export interface Timing {
  readonly firstPause: number;
  readonly maxPause: number;
  readonly maxRetryAfter: number;
  /** From the first attempt on; for a request that came to one at last. */
  readonly giveUpAfter: number;
  readonly breaker: BreakerOptions;
}

export const TIMING: Timing = {
  firstPause: 1000,
  maxPause: 5000,
  maxRetryAfter: 30_000,
  giveUpAfter: 60_000,
  breaker: { failures: 5, probeAfter: 5000 },
};

const PAUSE_FACTOR = 1.5;
/** Routers that lost their collector together must not come back together. */
const JITTER = 0.2;

interface Pending {
  readonly batch: Batch;
  readonly sent: Sent;
  firstAt: number;
  notBefore: number;
  pause: number;
  attempts: number;
}

/** What the log should hear of the collector. `answers`: again, after it did not. */
export type Tell = (news: 'silent' | 'answers', reason: string) => void;

export interface SenderParts {
  readonly post: Post;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly figures: Figures;
  readonly tell: Tell;
  /** [0, 1) */
  readonly random: () => number;
}

/** Has no limit of its own: whoever sends knows how many requests there may be at a time. */
export class Sender {
  readonly #parts: SenderParts;
  readonly #breaker: Breaker;
  readonly #waiting: Pending[] = [];
  #pausedUntil = 0;
  #cancelTimer: (() => void) | undefined = undefined;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#breaker = new Breaker(parts.timing.breaker);
  }

  /** `sent` is called once, later. */
  send(batch: Batch, sent: Sent): void {
    const { timing, figures } = this.#parts;
    figures.took(batch.spans);
    this.#waiting.push({ batch, sent, firstAt: -1, notBefore: 0, pause: timing.firstPause, attempts: 0 });
    this.#go();
  }

  /** There is not much time left: what waits for its next attempt gets it now. */
  hurry(): void {
    this.#pausedUntil = 0;
    this.#breaker.probeNow();
    for (const pending of this.#waiting) pending.notBefore = 0;
    this.#go();
  }

  #go(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    // Who has waited longest goes first, so that probes are not always of the same request.
    this.#waiting.sort((a, b) => a.notBefore - b.notBefore);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const now = this.#parts.clock.now();
      const wait = Math.max(next.notBefore - now, this.#pausedUntil - now, this.#breaker.wait(now));
      if (wait > 0) {
        if (Number.isFinite(wait)) this.#cancelTimer = this.#parts.clock.later(wait, () => this.#go());
        return;
      }
      this.#waiting.shift();
      this.#attempt(next, now);
    }
  }

  #attempt(pending: Pending, startedAt: number): void {
    const { clock, figures, post } = this.#parts;
    this.#breaker.sent();
    figures.breaker(this.#breaker.state, false);
    figures.began(pending.batch.bytes.length, pending.attempts > 0);
    pending.attempts++;
    if (pending.firstAt < 0) pending.firstAt = startedAt;
    post(pending.batch.bytes, answer => {
      const now = clock.now();
      figures.ended(now - startedAt);
      this.#hear(answer, now);
      this.#decide(pending, answer, now);
      this.#go();
    });
  }

  #hear(answer: Answer, now: number): void {
    const { figures, tell } = this.#parts;
    if (answer.kind === 'again') {
      const opens = this.#breaker.failed(now);
      figures.breaker(this.#breaker.state, opens);
      if (opens) tell('silent', answer.message);
    } else {
      const closes = this.#breaker.succeeded();
      figures.breaker('closed', false);
      if (closes) tell('answers', '');
    }
  }

  #decide(pending: Pending, answer: Answer, now: number): void {
    const { batch } = pending;
    if (answer.kind === 'taken') {
      const rejected = Math.min(answer.rejected, batch.spans);
      const error = rejected === 0 ? '' : answer.message;
      this.#settle(pending, { failures: { rejected }, error, isFree: answer.isWritten });
    } else if (answer.kind === 'refused') {
      this.#settle(pending, { failures: { refused: batch.spans }, error: answer.message, isFree: false });
    } else if (!this.#again(pending, answer.retryAfter, now)) {
      const error = `${answer.message} (${pending.attempts} attempts)`;
      this.#settle(pending, { failures: { gave_up: batch.spans }, error, isFree: false });
    }
  }

  #settle(pending: Pending, outcome: Outcome): void {
    this.#parts.figures.settled(pending.batch.spans);
    pending.sent(outcome);
  }

  /** False when it has been long enough. */
  #again(pending: Pending, retryAfter: number | undefined, now: number): boolean {
    const { timing, random } = this.#parts;
    if (now - pending.firstAt >= timing.giveUpAfter) return false;
    if (retryAfter === undefined) {
      pending.notBefore = now + pending.pause * (1 + JITTER * (2 * random() - 1));
    } else {
      // What the collector asks for holds for all requests; earlier than that would be rude.
      pending.notBefore = now + Math.min(retryAfter * (1 + JITTER * random()), timing.maxRetryAfter);
      this.#pausedUntil = Math.max(this.#pausedUntil, pending.notBefore);
    }
    pending.pause = Math.min(pending.pause * PAUSE_FACTOR, timing.maxPause);
    this.#waiting.push(pending);
    return true;
  }
}
