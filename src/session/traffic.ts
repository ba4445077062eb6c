/** Owns what is counted of one session, always on: plain numbers, so that metering costs a few nanoseconds a message. */

import type { SerializerName } from '../wire/serializers/serializer.js';

/** Totals from HELLO to GOODBYE. Octets are those of WAMP messages before framing. */
export class Traffic {
  receivedMessages = 0;
  receivedBytes = 0;
  receivedRated = 0;
  sentMessages = 0;
  sentBytes = 0;
  sentRated = 0;
  /** EVENTs refused by a full send queue or by the peer's size limit. */
  droppedEvents = 0;
  /** Rated messages, both directions, that count towards the next on_stats. */
  ratedInCycle = 0;
  /** `ratedInCycle` at which `Session.onRated` is called. */
  threshold = Number.POSITIVE_INFINITY;
  /** log2 of the size of a rated message. */
  #shift = 9;
  /** Sizes of the handshake's messages: what a rated message is depends on the realm that they ask for. */
  #unrated: number[] | undefined = [];

  received(octets: number): void {
    this.receivedMessages++;
    this.receivedBytes += octets;
    const rated = this.#rate(octets);
    this.receivedRated += rated;
    this.ratedInCycle += rated;
  }

  /** `metered` is false for on_stats itself: monitors that are metered would set each other off for ever. */
  sent(octets: number, metered: boolean): void {
    this.sentMessages++;
    this.sentBytes += octets;
    const rated = this.#rate(-octets);
    this.sentRated += rated;
    if (metered) this.ratedInCycle += rated;
  }

  /** Sets the size of a rated message, a power of two, for all messages so far and to come. */
  rateBy(size: number): void {
    this.#shift = 31 - Math.clz32(size);
    const sizes = this.#unrated ?? [];
    this.#unrated = undefined;
    for (const signed of sizes) {
      const rated = this.#rate(signed);
      if (signed > 0) this.receivedRated += rated;
      else this.sentRated += rated;
      this.ratedInCycle += rated;
    }
  }

  /** Rated messages in `octets`, negative when sent: ceil(octets / size), as Crossbar counts. */
  #rate(octets: number): number {
    if (this.#unrated) {
      this.#unrated.push(octets);
      return 0;
    }
    return ((Math.abs(octets) - 1) >>> this.#shift) + 1;
  }
}

/** Octets of all sessions with one serializer. */
export class Octets {
  received = 0;
  sent = 0;
}

/** Messages by type code, both directions; one per realm. Those received under code 0 could not be decoded. */
export class TypeCounts {
  readonly received = new Float64Array(128);
  readonly sent = new Float64Array(128);
  readonly octets: { readonly [serializer in SerializerName]: Octets } = {
    json: new Octets(),
    msgpack: new Octets(),
    cbor: new Octets(),
  };
  /** EVENTs that a subscriber did not get because its send queue was full. */
  droppedFull = 0;
  /** EVENTs that a subscriber did not get because they were longer than it accepts. */
  droppedLong = 0;

  get receivedBytes(): number {
    return this.octets.json.received + this.octets.msgpack.received + this.octets.cbor.received;
  }

  get sentBytes(): number {
    return this.octets.json.sent + this.octets.msgpack.sent + this.octets.cbor.sent;
  }

  get droppedEvents(): number {
    return this.droppedFull + this.droppedLong;
  }
}
