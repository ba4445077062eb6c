/** Owns which payloads a trace keeps, in which form: as they came, without what is to be blotted out, each once. */

import { NO_PAYLOAD, type Payload, type PayloadCodec } from '../wire/payload.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import { PayloadRing } from './payload-ring.js';
import { CODECS, Kind } from './record-layout.js';
import { payloadValues } from './record-reading.js';
import { redacted } from './redaction.js';

/** Decodes and encodes payloads; a serializer. */
export interface NamedCodec extends PayloadCodec {
  readonly name: SerializerName;
}

export class KeptPayloads {
  readonly ring: PayloadRing;
  readonly #redact: readonly string[];
  readonly #codec: NamedCodec;
  /** By their numbers in records. */
  readonly #codecs: NamedCodec[] = [];
  #payload: Payload = NO_PAYLOAD;
  /** Whose number was asked for last, and the number: mostly there is one. */
  #last: NamedCodec;
  #lastNumber = 0;
  /** Of the payload that was kept last: its place, its length, and its part of `kind`, which is 0 when it was too long. */
  at = 0;
  length = 0;
  kind = 0;

  /** `codec` encodes the payloads of the router's own making. */
  constructor(maxBytes: number, redact: readonly string[], codec: NamedCodec) {
    this.ring = new PayloadRing(maxBytes);
    this.#redact = redact;
    this.#codec = codec;
    this.#last = codec;
    this.#lastNumber = this.#numberOf(codec);
  }

  /** One that is passed on, as that of a CALL in its INVOCATION, is kept once. */
  keep(payload: Payload): void {
    if (payload === this.#payload) return;
    const told = this.#redact.length > 0 ? redacted(payload, this.#redact) : payload;
    const encoded = told.serializer ? told : told.in(this.#codec);
    const { start, end } = encoded;
    const at = this.ring.write(encoded.bytes, start, end);
    this.#payload = payload;
    this.at = at;
    this.length = end - start;
    this.kind = at < 0 ? 0 : payload.count * Kind.count + this.#codecNumber(encoded.serializer as NamedCodec);
  }

  #codecNumber(codec: NamedCodec): number {
    if (codec !== this.#last) {
      this.#last = codec;
      this.#lastNumber = this.#numberOf(codec);
    }
    return this.#lastNumber;
  }

  #numberOf(codec: NamedCodec): number {
    const number = CODECS.indexOf(codec.name);
    this.#codecs[number] = codec;
    return number * Kind.codec;
  }

  /** What the octets at `place` say. */
  values(place: number, length: number, kind: number): readonly unknown[] {
    const codec = this.#codecs[(kind & Kind.codecMask) / Kind.codec]!;
    const octets = this.ring.read(place, length);
    return payloadValues(codec, octets, 0, length, (kind & Kind.countMask) / Kind.count);
  }
}
