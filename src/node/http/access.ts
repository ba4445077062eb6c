/** Owns who may read the management listener: bearer tokens, basic credentials, or whoever is on this machine. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/listeners.js';
import type { HttpConfig } from '../config/schema.js';

/** What a client gets that may not read; the message is a sentence without its full stop. */
export interface Refusal {
  readonly status: 401 | 421;
  readonly message: string;
  /** Values of WWW-Authenticate. */
  readonly challenges: readonly string[];
}

const BEARER = /^bearer +(\S+) *$/i;
const BASIC = /^basic +([\w+/=-]+) *$/i;

/** Only digests are kept: no token or password can get into a message, a heap snapshot or a log. */
export class Access {
  readonly #tokens: readonly Buffer[];
  /** Of `username:password`. */
  readonly #basic: readonly Buffer[];
  readonly #isLocal: boolean;
  readonly #challenges: readonly string[];

  constructor(tokens: readonly string[], basic: readonly string[], isLocal: boolean) {
    this.#tokens = tokens.map(digest);
    this.#basic = basic.map(digest);
    this.#isLocal = isLocal;
    this.#challenges = [
      ...(tokens.length > 0 ? ['Bearer realm="wampscope"'] : []),
      ...(basic.length > 0 ? ['Basic realm="wampscope", charset="UTF-8"'] : []),
    ];
  }

  /** Reads the files of secrets; throws when one cannot be used. */
  static of({ interface: host, auth }: HttpConfig): Access {
    const { bearer, basic } = auth ?? {};
    const where = 'wampscope.http.auth';
    const tokens = secrets(bearer?.token, bearer?.token_file, `${where}.bearer.token_file`);
    const passwords = secrets(basic?.password, basic?.password_file, `${where}.basic.password_file`);
    return new Access(
      tokens,
      passwords.map(password => `${basic?.username}:${password}`),
      isLoopback(host),
    );
  }

  /** `undefined` for those who may read. */
  refusal({ authorization, host }: IncomingHttpHeaders): Refusal | undefined {
    if (this.#challenges.length === 0) return this.#isLocal ? misdirected(host) : undefined;
    if (authorization === undefined) {
      return this.#unauthorized('credentials are needed: send the header Authorization with a token or a password');
    }
    const token = BEARER.exec(authorization)?.[1];
    if (token !== undefined && matches(token, this.#tokens)) return undefined;
    const pair = BASIC.exec(authorization)?.[1];
    if (pair !== undefined && matches(Buffer.from(pair, 'base64').toString(), this.#basic)) return undefined;
    return this.#unauthorized('these credentials are wrong: send those of wampscope.http.auth in the configuration');
  }

  #unauthorized(message: string): Refusal {
    return { status: 401, message, challenges: this.#challenges };
  }
}

/** A web page can give a name of its own the address 127.0.0.1; the browser then names that host, and is found out. */
function misdirected(host: string | undefined): Refusal | undefined {
  const name = (host ?? 'localhost').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(name.toLowerCase())) return undefined;
  const message = 'this listener is for this machine: ask for it as 127.0.0.1 or localhost, or configure "auth"';
  return { status: 421, message, challenges: [] };
}

/** Compares with all of them, in a time that tells neither which nor how much of one was right. */
function matches(candidate: string, secrets: readonly Buffer[]): boolean {
  const given = digest(candidate);
  return secrets.map(secret => timingSafeEqual(given, secret)).includes(true);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function secrets(written: string | undefined, file: string | undefined, key: string): string[] {
  return [written, file === undefined ? undefined : contents(file, key)].filter(secret => secret !== undefined);
}

/** The file's only line. */
function contents(file: string, key: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${key}: cannot read ${file} (${code ?? message}); it must be a file that this process may read`);
  }
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  const got = text === '' ? 'it is empty' : 'it has spaces, line breaks or characters beyond ASCII in it';
  throw new Error(`${key}: ${file} has no secret: ${got}; write the secret alone, on one line`);
}
