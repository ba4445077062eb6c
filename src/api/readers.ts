/** Owns who may see the records of which realm. */

import { ErrorUri, WampError } from '../wire/errors.js';

export class Readers {
  readonly #realms: ReadonlyMap<string, readonly string[]>;

  /** Realms by role; a role that is not in here sees all. */
  constructor(realms: ReadonlyMap<string, readonly string[]>) {
    this.#realms = realms;
  }

  /** The roles that do not see everything. */
  get restricted(): string[] {
    return [...this.#realms.keys()];
  }

  maySee(role: string, realm: unknown): boolean {
    const realms = this.#realms.get(role);
    return realms === undefined || (typeof realm === 'string' && realms.includes(realm));
  }

  /** @throws WampError when a restricted role wants to change what concerns all realms. */
  mayChange(role: string): void {
    if (!this.#realms.has(role)) return;
    throw new WampError(ErrorUri.notAuthorized, `role "${role}" may see some realms only, and change nothing of all`);
  }

  /** @throws WampError when a restricted role asks for a trace of more than it may see. */
  mayStart(role: string, realm: string | undefined): void {
    const realms = this.#realms.get(role);
    if (realms === undefined || (realm !== undefined && realms.includes(realm))) return;
    const text = `role "${role}" may trace ${realms.join(', ')} only: give filter.realm`;
    throw new WampError(ErrorUri.notAuthorized, text);
  }
}
