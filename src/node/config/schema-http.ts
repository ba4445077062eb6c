/** Owns the schema of the management listener: where it listens, and who may read it. */

import { pathVariables, ticketVariable } from './environment.js';
import { HTTP_PORT } from './ports.js';
import { networkInterface, port } from './schema-transport.js';
import { about, flag, section, text } from './section.js';

function secret(what: string) {
  const expected = `${what}: printable characters without spaces, or "\${NAME}" of an environment variable`;
  return text(expected, /^[\x21-\x7e]+$/)
    .register(about, { what, substitution: ticketVariable })
    .optional();
}

function secretFile(what: string) {
  return text(`the path of a file with ${what} in it`)
    .register(about, { what: 'path', substitution: pathVariables })
    .optional();
}

const auth = section('http auth', {
  // Both of a pair may be given: while a secret is being changed, either is good.
  bearer: section('http bearer', { token: secret('the token'), token_file: secretFile('the token') }).optional(),
  basic: section('http basic', {
    username: text('the user name: printable characters without spaces and colons', /^[\x21-\x39\x3b-\x7e]+$/),
    password: secret('the password'),
    password_file: secretFile('the password'),
  }).optional(),
});

export const http = section('wampscope http', {
  interface: networkInterface().default('127.0.0.1'),
  port: port.prefault(HTTP_PORT),
  auth: auth.optional(),
  open_to_network: flag(false),
});
