/** Owns RawSocket frames as a client writes and reads them (WAMP advanced, "RawSocket Transport"), by the text alone. */

export const MESSAGE = 0;
export const PING = 1;
export const PONG = 2;

/** One frame: four bits reserved, X, three bits of type, 24 bits of length; X alone says 2^24. */
export function frame(type: number, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  if (bytes.length === 2 ** 24) header.writeUInt32BE(((8 | type) << 24) >>> 0, 0);
  else header.writeUInt32BE(((type << 24) | bytes.length) >>> 0, 0);
  return Buffer.concat([header, bytes]);
}

/** Cuts what arrives into frames. */
export class FrameReader {
  readonly #onFrame: (type: number, bytes: Buffer) => void;
  #chunks: Buffer[] = [];
  #have = 0;

  constructor(onFrame: (type: number, bytes: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    for (;;) {
      if (this.#have < 4) return;
      if (this.#chunks[0]!.length < 4) this.#chunks = [Buffer.concat(this.#chunks)];
      const head = this.#chunks[0]![0]!;
      const length = (this.#chunks[0]!.readUInt32BE(0) & 0xffffff) + (head & 8 ? 2 ** 24 : 0);
      if (this.#have < 4 + length) return;
      const all = Buffer.concat(this.#chunks);
      this.#chunks = [all.subarray(4 + length)];
      this.#have -= 4 + length;
      this.#onFrame(head & 7, all.subarray(4, 4 + length));
    }
  }
}
