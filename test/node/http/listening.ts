/** Owns a management listener of its own for one test, and asking it with whatever octets a test likes. */

import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import type { TestContext } from 'node:test';
import { Access } from '../../../src/node/http/access.js';
import { HttpListener, type Routes } from '../../../src/node/http/listener.js';

export const OPEN = new Access([], [], true);

export async function listening(t: TestContext, routes: Routes, access: Access = OPEN): Promise<string> {
  const listener = new HttpListener(routes, access);
  t.after(() => listener.close());
  return listener.listen('127.0.0.1', 0);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** One request on a connection of its own; unlike `fetch` it hides nothing and adds nothing. */
export async function ask(url: string, options: RequestOptions = {}, content?: string): Promise<Answer> {
  const request = httpRequest(url, { agent: false, ...options });
  request.end(content);
  const [response] = await once(request, 'response');
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  const body = Buffer.concat(pieces);
  return { status: response.statusCode, headers: response.headers, body, text: body.toString() };
}
