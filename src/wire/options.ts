/** Owns reading Options and Details: absent and null mean the default, a known key of a wrong type breaks the protocol. */

import { ErrorUri, ProtocolViolation, WampError } from './errors.js';
import { isId } from './ids.js';
import type { Dict } from './message.js';

export function flag(options: Dict, key: string, otherwise = false): boolean {
  const value = options[key];
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'boolean') throw new ProtocolViolation(`option ${key} must be a boolean`);
  return value;
}

/** One of `allowed`; another string is a request that cannot be served, no violation. */
export function choice<T extends string>(options: Dict, key: string, allowed: readonly T[], otherwise: T): T {
  const value = options[key];
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'string') throw new ProtocolViolation(`option ${key} must be a string`);
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw new WampError(ErrorUri.invalidArgument, `option ${key} is "${value}"; expected one of ${allowed.join(', ')}`);
}

/** Milliseconds; 0 means none. */
export function milliseconds(options: Dict, key: string): number {
  const value = options[key];
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new ProtocolViolation(`option ${key} must be an integer (milliseconds)`);
  }
  if (value < 0 || value > 0x7fffffff) {
    throw new WampError(ErrorUri.invalidArgument, `option ${key} is ${value}; expected 0 to 2147483647 milliseconds`);
  }
  return value;
}

export function ids(options: Dict, key: string): ReadonlySet<number> | undefined {
  const value = options[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isId)) {
    throw new ProtocolViolation(`option ${key} must be a list of session ids`);
  }
  return new Set(value);
}

export function strings(options: Dict, key: string): ReadonlySet<string> | undefined {
  const value = options[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) {
    throw new ProtocolViolation(`option ${key} must be a list of strings`);
  }
  return new Set(value);
}
