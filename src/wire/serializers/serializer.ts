/** Owns the interface of all serializers and the two loops over the message table; the element formats are the subclasses'. */

import type { MessageCode } from '../codes.js';
import { ProtocolViolation } from '../errors.js';
import { type Dict, EMPTY_DICT, type Message, message } from '../message.js';
import { type Args, type Kwargs, NO_PAYLOAD, type Payload, type PayloadCodec } from '../payload.js';
import { type Field, type Row, rowOf, Slot } from '../spec.js';

export type SerializerName = 'json' | 'msgpack' | 'cbor';

/** Octets left free before an encoded message, so that a transport frames it in place: a WebSocket header has at most 10. */
export const HEADER_ROOM = 16;

/**
 * One wire format. An instance belongs to one router and is not reentrant: `encode` writes to `out`,
 * which the next `encode` overwrites, so that sending allocates nothing.
 */
export abstract class Serializer implements PayloadCodec {
  abstract readonly name: SerializerName;
  /** WebSocket subprotocol. */
  abstract readonly subprotocol: string;
  /** RawSocket handshake nibble. */
  abstract readonly rawSocketId: number;
  /** Whether WebSocket carries it in binary messages. */
  abstract readonly binary: boolean;

  /** The message that `encode` made lies in `out[HEADER_ROOM, end)`. */
  out: Buffer = Buffer.allocUnsafeSlow(4096);
  protected at = HEADER_ROOM;

  /**
   * Decodes the head of one message and checks the syntax of its payload without decoding it.
   * The payload is a view of `bytes`.
   *
   * @throws ProtocolViolation naming the message, the element and what is wrong.
   */
  decode(bytes: Buffer): Message {
    this.open(bytes);
    if (!this.more()) throw new ProtocolViolation('empty message: expected a list that begins with a message type');
    const code = this.readInt('Type|int');
    const row = rowOf(code);
    if (!row) throw new ProtocolViolation(`unknown message type ${code}`);
    let request = 0;
    let subject = 0;
    let publication = 0;
    let uri = '';
    let text = '';
    let options = EMPTY_DICT;
    let payload = NO_PAYLOAD;
    const fields = row.fields;
    for (let i = 0; i < fields.length; i++) {
      if (!this.more()) {
        if (i < row.required) throw missing(row, fields[i]!);
        break;
      }
      const field = fields[i]!;
      switch (field.slot) {
        case Slot.request:
          request = this.readId(row, field);
          break;
        case Slot.subject:
          subject = this.readId(row, field);
          break;
        case Slot.publication:
          publication = this.readId(row, field);
          break;
        case Slot.requestType:
          subject = this.readInt(field.wire);
          break;
        case Slot.uri:
          uri = this.readString(row, field);
          break;
        case Slot.text:
          text = this.readString(row, field);
          break;
        case Slot.options:
          options = this.readDict(row, field);
          break;
        case Slot.payload:
          payload = this.readPayload(row);
          break;
      }
    }
    this.close(row);
    return message(code as MessageCode, request, subject, publication, uri, text, options, payload);
  }

  /** Encodes `m` into `out` and returns its end; see `out`. */
  encode(m: Message): number {
    const row = rowOf(m.code)!;
    const fields = row.fields;
    const payload = m.payload.in(this);
    let heads = fields.length;
    if (fields[heads - 1]!.slot === Slot.payload) heads--;
    else if (row.required < heads && m.options === EMPTY_DICT) heads--;
    this.at = HEADER_ROOM;
    this.begin(1 + heads + payload.count, m.code);
    for (let i = 0; i < heads; i++) {
      switch (fields[i]!.slot) {
        case Slot.request:
          this.writeInt(m.request);
          break;
        case Slot.subject:
        case Slot.requestType:
          this.writeInt(m.subject);
          break;
        case Slot.publication:
          this.writeInt(m.publication);
          break;
        case Slot.uri:
          this.writeString(m.uri);
          break;
        case Slot.text:
          this.writeString(m.text);
          break;
        case Slot.options:
          this.writeDict(m.options);
          break;
      }
    }
    if (payload.count) this.writePayload(payload);
    this.finish();
    return this.at;
  }

  /** Decodes payload bytes that `decode` has checked. */
  abstract decodePayload(
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
  ): { args: Args | undefined; kwargs: Kwargs | undefined };

  /** Arguments (and ArgumentsKw, if given) as they stand in a message of this serializer. */
  abstract encodePayload(args: Args, kwargs: Kwargs | undefined): Uint8Array;

  /** One whole message as plain values: for records and for people, not for routing. */
  abstract decodeAll(bytes: Uint8Array): unknown[];

  /** Makes room for `n` more octets after `at`. */
  protected room(n: number): void {
    if (this.at + n <= this.out.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(this.out.length * 2, this.at + n));
    this.out.copy(bigger, 0, 0, this.at);
    this.out = bigger;
  }

  /** Gives memory back after an exceptionally large message. */
  trim(): void {
    if (this.out.length > 1 << 20) this.out = Buffer.allocUnsafeSlow(4096);
  }

  protected abstract open(bytes: Buffer): void;
  /** Positions on the next element; false at the end of the list. */
  protected abstract more(): boolean;
  protected abstract readInt(what: string): number;
  protected abstract readId(row: Row, field: Field): number;
  protected abstract readString(row: Row, field: Field): string;
  protected abstract readDict(row: Row, field: Field): Dict;
  protected abstract readPayload(row: Row): Payload;
  protected abstract close(row: Row): void;

  protected abstract begin(elements: number, code: number): void;
  protected abstract writeInt(value: number): void;
  protected abstract writeString(value: string): void;
  protected abstract writeDict(value: Dict): void;
  protected abstract writePayload(payload: Payload): void;
  protected abstract finish(): void;
}

function missing(row: Row, field: Field): ProtocolViolation {
  return new ProtocolViolation(`${row.name} ends before ${field.wire}`);
}

export function wrong(row: Row, field: Field, expected: string): ProtocolViolation {
  return new ProtocolViolation(`${row.name}: ${field.wire} must be ${expected}`);
}
