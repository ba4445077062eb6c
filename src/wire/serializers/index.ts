/** Owns the set of serializers of one router, and how transports find them. */

import { CborSerializer } from './cbor.js';
import { JsonSerializer } from './json.js';
import { MsgpackSerializer } from './msgpack.js';
import type { Serializer, SerializerName } from './serializer.js';

export const SERIALIZER_NAMES: readonly SerializerName[] = ['json', 'msgpack', 'cbor'];

/** The serializers of one router: payloads are passed through between sessions that share an instance. */
export class Serializers {
  readonly json = new JsonSerializer();
  readonly msgpack = new MsgpackSerializer();
  readonly cbor = new CborSerializer();

  get all(): readonly Serializer[] {
    return [this.json, this.msgpack, this.cbor];
  }
}
