/** Owns WebSocket frames as a client writes them (RFC 6455, 5.2), also those that it must not write. */

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameOptions {
  /** Default `true`. */
  readonly fin?: boolean;
  /** RSV1 to RSV3 as a number up to 7. */
  readonly reserved?: number;
  /** Default `true`, as a client must. */
  readonly masked?: boolean;
}

const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);

export function webSocketFrame(opcode: number, payload: Uint8Array | string, options: FrameOptions = {}): Buffer {
  const { fin = true, reserved = 0, masked = true } = options;
  const body = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  let header: Buffer;
  if (body.length < 126) {
    header = Buffer.from([first, flag | body.length]);
  } else if (body.length < 0x10000) {
    header = Buffer.from([first, flag | 126, body.length >> 8, body.length & 255]);
  } else {
    header = Buffer.alloc(10);
    header[0] = first;
    header[1] = flag | 127;
    header.writeBigUInt64BE(BigInt(body.length), 2);
  }
  if (!masked) return Buffer.concat([header, body]);
  for (let i = 0; i < body.length; i++) body[i]! ^= MASK[i & 3]!;
  return Buffer.concat([header, MASK, body]);
}
