/** Owns one message on its way to many sessions: encoded once per serializer, framed once per framing. */

import { FRAMINGS } from '../transport/framing.js';
import type { Transport } from '../transport/transport.js';
import type { Message } from '../wire/message.js';
import { HEADER_ROOM, type Serializer } from '../wire/serializers/serializer.js';

/** The octets of a message for one serializer and framing. They never change, so sockets may keep them. */
export interface Framed {
  /** With the frame's header. */
  readonly bytes: Buffer;
  /** Where the message begins in `bytes`. */
  readonly start: number;
}

export class Broadcast {
  readonly message: Message;
  readonly #framed: (Framed | undefined)[] = [];

  constructor(message: Message) {
    this.message = message;
  }

  /** The message as this transport carries it. */
  for(transport: Transport): Framed {
    const { serializer, framing } = transport;
    const slot = serializer.rawSocketId * FRAMINGS + framing.index;
    let framed = this.#framed[slot];
    if (!framed) {
      framed = this.#frame(serializer, transport);
      this.#framed[slot] = framed;
    }
    return framed;
  }

  #frame(serializer: Serializer, transport: Transport): Framed {
    const end = serializer.encode(this.message);
    const from = transport.framing.prepend(serializer.out, end);
    const bytes = Buffer.allocUnsafeSlow(end - from);
    serializer.out.copy(bytes, 0, from, end);
    serializer.trim();
    return { bytes, start: HEADER_ROOM - from };
  }
}
