/** Owns what can be wrong with the management listener beside the form: strangers who could read it. */

import { isLoopback } from './listeners.js';
import type { Finding } from './problem.js';
import type { HttpConfig } from './schema.js';

const PATH = ['wampscope', 'http'];
const EITHER = `give one: here, as "\${NAME}" of an environment variable, or in a file of its own`;

export interface HttpFindings {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

export function httpFindings({ interface: host, auth, open_to_network: isOpen }: HttpConfig): HttpFindings {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const path = [...PATH, 'auth'];
  if (auth && !auth.bearer && !auth.basic) {
    errors.push({ path, message: 'no method of authentication: give "bearer", "basic" or both, or leave out "auth"' });
  }
  const { bearer, basic } = auth ?? {};
  if (bearer && bearer.token === undefined && bearer.token_file === undefined) {
    errors.push({ path: [...path, 'bearer'], message: 'neither "token" nor "token_file"', hint: EITHER });
  }
  if (basic && basic.password === undefined && basic.password_file === undefined) {
    errors.push({ path: [...path, 'basic'], message: 'neither "password" nor "password_file"', hint: EITHER });
  }
  if (!isLoopback(host) && !auth && !isOpen) {
    errors.push({
      path: [...PATH, 'interface'],
      message: 'without "auth", everybody who reaches this address could read who uses the router, and how much',
      expected: '127.0.0.1 or ::1',
      got: JSON.stringify(host),
      hint:
        'give "wampscope.http" an "auth" with "bearer" or "basic", or listen on 127.0.0.1; where something else keeps ' +
        'strangers out, such as a container whose port is published on loopback only, write "open_to_network": true',
    });
  }
  if (isOpen && (auth || isLoopback(host))) {
    const why = auth ? 'beside "auth"' : `while it listens on ${host}`;
    warnings.push({ path: [...PATH, 'open_to_network'], message: `has no effect ${why}`, hint: 'remove it' });
  }
  return { errors, warnings };
}
