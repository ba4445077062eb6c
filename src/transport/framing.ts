/** Owns how a message becomes octets on each transport: WebSocket (RFC 6455, 5.2) and RawSocket headers, written in place. */

import { HEADER_ROOM } from '../wire/serializers/serializer.js';

/** Writes the header of the message `out[HEADER_ROOM, end)` right before it. */
export interface Framing {
  /** Small number, unique per framing: an index for caches. */
  readonly index: number;
  /** Returns where the frame begins. */
  prepend(out: Buffer, end: number): number;
}

const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;

function webSocket(index: number, opcode: number): Framing {
  return {
    index,
    prepend(out, end) {
      const length = end - HEADER_ROOM;
      if (length < 126) {
        out[HEADER_ROOM - 2] = opcode;
        out[HEADER_ROOM - 1] = length;
        return HEADER_ROOM - 2;
      }
      if (length < 0x10000) {
        out[HEADER_ROOM - 4] = opcode;
        out[HEADER_ROOM - 3] = 126;
        out[HEADER_ROOM - 2] = length >>> 8;
        out[HEADER_ROOM - 1] = length & 255;
        return HEADER_ROOM - 4;
      }
      out[HEADER_ROOM - 10] = opcode;
      out[HEADER_ROOM - 9] = 127;
      out.writeUInt32BE(0, HEADER_ROOM - 8);
      out.writeUInt32BE(length, HEADER_ROOM - 4);
      return HEADER_ROOM - 10;
    },
  };
}

export const webSocketText = webSocket(0, FIN_TEXT);
export const webSocketBinary = webSocket(1, FIN_BINARY);

/** RawSocket: message type 0 in the first octet, then 24 bits of length (WAMP advanced, "RawSocket Transport"). */
export const rawSocket: Framing = {
  index: 2,
  prepend(out, end) {
    const length = end - HEADER_ROOM;
    // A length of exactly 2^24 is told by the bit above the type.
    out.writeUInt32BE(length === 0x1000000 ? 0x08000000 : length, HEADER_ROOM - 4);
    return HEADER_ROOM - 4;
  },
};

/** For transports that carry whole messages by themselves. */
export const unframed: Framing = { index: 3, prepend: () => HEADER_ROOM };

export const FRAMINGS = 4;
