/** Owns Arguments and ArgumentsKw on their way through the router: received bytes, decoded only when somebody looks. */

export type Args = readonly unknown[];
export type Kwargs = { readonly [key: string]: unknown };

/** What a serializer does for payloads. */
export interface PayloadCodec {
  /** Decodes payload bytes that were checked when they came in. */
  decodePayload(
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
  ): { args: Args | undefined; kwargs: Kwargs | undefined };
  /** Arguments (and ArgumentsKw, if given) as they stand in a message of this serializer. */
  encodePayload(args: Args, kwargs: Kwargs | undefined): Uint8Array;
}

/**
 * `Arguments|list` and `ArgumentsKw|dict` of one message.
 *
 * A received payload is a view of the bytes that came in and is valid until the message has been
 * handled; `keep()` makes one that lasts. A payload made from values is encoded on demand, once per serializer.
 */
export class Payload {
  /** Elements on the wire: 0 none, 1 Arguments, 2 Arguments and ArgumentsKw. Absent and empty stay different. */
  readonly count: 0 | 1 | 2;
  readonly serializer: PayloadCodec | undefined;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  #values: { args: Args | undefined; kwargs: Kwargs | undefined } | undefined;
  #transcoded: Map<PayloadCodec, Payload> | undefined;

  private constructor(
    count: 0 | 1 | 2,
    serializer: PayloadCodec | undefined,
    bytes: Uint8Array,
    start: number,
    end: number,
    values: { args: Args | undefined; kwargs: Kwargs | undefined } | undefined,
  ) {
    this.count = count;
    this.serializer = serializer;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#values = values;
  }

  /** A view of received bytes; the serializer has checked that they are `count` well-formed elements. */
  static received(serializer: PayloadCodec, bytes: Uint8Array, start: number, end: number, count: 0 | 1 | 2): Payload {
    return count === 0 ? NO_PAYLOAD : new Payload(count, serializer, bytes, start, end, undefined);
  }

  /** A payload of the router's own making. */
  static of(args?: Args, kwargs?: Kwargs): Payload {
    if (kwargs) return new Payload(2, undefined, NO_BYTES, 0, 0, { args: args ?? [], kwargs });
    if (args) return new Payload(1, undefined, NO_BYTES, 0, 0, { args, kwargs: undefined });
    return NO_PAYLOAD;
  }

  /** The payload of a message without Arguments. */
  static none(): Payload {
    return new Payload(0, undefined, NO_BYTES, 0, 0, { args: undefined, kwargs: undefined });
  }

  get args(): Args | undefined {
    return this.#decoded().args;
  }

  get kwargs(): Kwargs | undefined {
    return this.#decoded().kwargs;
  }

  /** Octets of the elements as they came; 0 for a payload made from values. */
  get byteLength(): number {
    return this.end - this.start;
  }

  /** The same payload as bytes of `serializer`: itself when it came in that form, else transcoded once and remembered. */
  in(serializer: PayloadCodec): Payload {
    if (this.serializer === serializer || this.count === 0) return this;
    let other = this.#transcoded?.get(serializer);
    if (!other) {
      const { args, kwargs } = this.#decoded();
      const bytes = serializer.encodePayload(args ?? [], kwargs);
      other = new Payload(this.count, serializer, bytes, 0, bytes.length, undefined);
      this.#transcoded ??= new Map();
      this.#transcoded.set(serializer, other);
    }
    return other;
  }

  /** A payload that owns its bytes and outlives the message. */
  keep(): Payload {
    if (!this.serializer) return this;
    // Not slice(): that of a Buffer is a view.
    const bytes = Buffer.allocUnsafeSlow(this.end - this.start);
    bytes.set(this.bytes.subarray(this.start, this.end));
    return new Payload(this.count, this.serializer, bytes, 0, bytes.length, this.#values);
  }

  #decoded(): { args: Args | undefined; kwargs: Kwargs | undefined } {
    this.#values ??= this.serializer!.decodePayload(this.bytes, this.start, this.end, this.count);
    return this.#values;
  }
}

const NO_BYTES = new Uint8Array(0);

export const NO_PAYLOAD: Payload = Payload.none();
