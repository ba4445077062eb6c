/** Owns what is known of a publication's EVENTs: sums of all, and the few that are worth telling of one by one. */

import type { SessionRef } from '../tap.js';
import type { RandomIds } from '../wire/ids.js';

/** Of each publication, deliveries that are told of one by one. */
const MAX_SELECTED = 8;
/** A send queue this full does not empty with the turn: its EVENT will be late. Octets. */
export const SLOW_QUEUE = 65_536;

/** One EVENT that is worth its own span. */
export interface TracedDelivery {
  subscriber: SessionRef;
  readonly span0: number;
  readonly span1: number;
  /** Milliseconds since the epoch, as `Frame.at`. */
  at: number;
  bytes: number;
  /** Octets that waited to leave for the subscriber before it. */
  queued: number;
  dropped: boolean;
}

/** What PUBLISH became. */
export class TracedFanOut {
  /** Span id, two 32-bit words (signed); never both 0. */
  readonly span0: number;
  readonly span1: number;
  readonly startedAt: number;
  endedAt: number;
  publication = 0;
  /** EVENTs sent. */
  delivered = 0;
  /** EVENTs refused by a full send queue. */
  dropped = 0;
  /** Octets of the EVENTs sent, before framing. */
  bytes = 0;
  /** Octets that waited for the subscriber that reads slowest, when its EVENT was sent. */
  queuedMax = 0;
  /** The first that was sent an EVENT. */
  subscriber: SessionRef | undefined = undefined;
  /** Those that were dropped, and those behind the fullest queues; undefined when all went well. */
  selected: TracedDelivery[] | undefined = undefined;

  constructor(span0: number, span1: number, startedAt: number) {
    this.span0 = span0;
    this.span1 = span1;
    this.startedAt = startedAt;
    this.endedAt = startedAt;
  }

  get recipients(): number {
    return this.delivered + this.dropped;
  }

  /** One EVENT, sent or dropped. Numbers only, unless it is one to remember. */
  add(subscriber: SessionRef, at: number, bytes: number, queued: number, dropped: boolean, random: RandomIds): void {
    this.endedAt = at;
    if (this.subscriber === undefined) this.subscriber = subscriber;
    if (queued > this.queuedMax) this.queuedMax = queued;
    if (dropped === true) {
      this.dropped++;
    } else {
      this.delivered++;
      this.bytes += bytes;
      if (queued < SLOW_QUEUE) return;
    }
    this.#select(subscriber, at, bytes, queued, dropped, random);
  }

  /** So many more EVENTs of the same message, sent, of so many octets together; `queued` of the one that had to wait for most. */
  addMore(count: number, octets: number, queued: number): void {
    this.delivered += count;
    this.bytes += octets;
    if (queued > this.queuedMax) this.queuedMax = queued;
  }

  #select(
    subscriber: SessionRef,
    at: number,
    bytes: number,
    queued: number,
    dropped: boolean,
    random: RandomIds,
  ): void {
    this.selected ??= [];
    if (this.selected.length < MAX_SELECTED) {
      const [span0, span1] = [random.word() | 1, random.word() | 0];
      this.selected.push({ subscriber, span0, span1, at, bytes, queued, dropped });
      return;
    }
    const least = this.#leastTelling(this.selected);
    if (least.dropped || (!dropped && queued <= least.queued)) return;
    least.subscriber = subscriber;
    least.at = at;
    least.bytes = bytes;
    least.queued = queued;
    least.dropped = dropped;
  }

  /** Delivered, with the shortest queue; of dropped ones the first are as good as any. */
  #leastTelling(selected: readonly TracedDelivery[]): TracedDelivery {
    let least = selected[0]!;
    for (const one of selected) {
      if (one.dropped ? false : least.dropped || one.queued < least.queued) least = one;
    }
    return least;
  }
}
