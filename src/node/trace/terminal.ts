/** Owns what of our text may reach a terminal: colours when it has them, and no control characters of strangers. */

import type { Writable } from 'node:stream';
import { TraceFailure } from './failure.js';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = (style: keyof typeof CODES, text: string) => string;

export function painter(isColoured: boolean): Paint {
  return isColoured ? (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m` : (_, text) => text;
}

// URIs, authids and errors come from clients: one of them could repaint or rename the terminal of who looks.
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text of a client, with control characters made visible. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, c => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** A stream whose reader may leave early, as `head` does. */
export class Output {
  readonly #stream: Writable;
  #onClosed: (() => void)[] = [];
  /** The reader has left; what is written goes nowhere. */
  closed = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // Without a listener an EPIPE would end the process with a stack.
    stream.on('error', () => this.#close());
    stream.on('close', () => this.#close());
  }

  /** Resolves when it is written or the reader has left. */
  write(text: string): Promise<void> {
    if (this.closed || text === '') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stream.write(text, error => {
        if (!error || isGone(error)) return resolve();
        reject(new TraceFailure(`cannot write: ${error.message}`));
      });
    });
  }

  line(text = ''): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Calls `run` once, when the reader leaves. */
  onClosed(run: () => void): void {
    if (this.closed) run();
    else this.#onClosed.push(run);
  }

  #close(): void {
    this.closed = true;
    for (const run of this.#onClosed.splice(0)) run();
  }
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'EOF';
}
