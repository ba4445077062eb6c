/** Owns the arguments of one management call: by position or by name, checked when read. */

import { inspect } from 'node:util';
import type { LocalCall } from '../realm/local-session.js';
import { ErrorUri, WampError } from '../wire/errors.js';

export class Arguments {
  readonly #call: LocalCall;
  /** What stands for the first names. */
  readonly #implied: readonly unknown[];

  constructor(call: LocalCall, names: readonly string[], implied: readonly unknown[] = []) {
    this.#call = call;
    this.#implied = implied;
    const open = names.slice(implied.length);
    if (call.args.length > open.length) {
      throw this.#wrong(`${call.args.length} arguments`, `at most ${open.length}: ${open.join(', ')}`);
    }
    const unknown = Object.keys(call.kwargs).find(key => !open.some(name => name.replace('?', '') === key));
    if (unknown !== undefined) throw this.#wrong(`keyword ${unknown}`, open.join(', ') || 'none');
  }

  get callerRole(): string {
    return this.#call.callerRole;
  }

  #wrong(what: string, expected: string): WampError {
    return new WampError(ErrorUri.invalidArgument, `${this.#call.procedure}: ${what}; expected ${expected}`);
  }

  value(index: number, name: string): unknown {
    const implied = this.#implied.length;
    if (index < implied) return this.#implied[index];
    const { args, kwargs } = this.#call;
    const positional = args[index - implied];
    // A null that was sent stays one, so that an error can tell it from what is absent.
    return positional ?? (Object.hasOwn(kwargs, name) ? kwargs[name] : positional);
  }

  isGiven(index: number, name: string): boolean {
    const value = this.value(index, name);
    return value !== undefined && value !== null;
  }

  text(index: number, name: string): string {
    const value = this.value(index, name);
    if (typeof value !== 'string') throw this.#wrong(`${name} is ${inspect(value)}`, 'a string');
    return value;
  }

  flag(index: number, name: string): boolean {
    const value = this.value(index, name) ?? false;
    if (typeof value !== 'boolean') throw this.#wrong(`${name} is ${inspect(value)}`, 'a boolean');
    return value;
  }

  /** `undefined` when absent or null. */
  integer(index: number, name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
    if (!this.isGiven(index, name)) return undefined;
    const value = this.value(index, name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
      throw this.#wrong(`${name} is ${inspect(value)}`, `an integer from 0 to ${most}, or null`);
    }
    return value;
  }

  /** `undefined` when absent or null. */
  texts(index: number, name: string): readonly string[] | undefined {
    if (!this.isGiven(index, name)) return undefined;
    const value = this.value(index, name);
    if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) {
      throw this.#wrong(`${name} is ${inspect(value)}`, 'a list of strings');
    }
    return value;
  }
}
