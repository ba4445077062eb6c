/** Owns the management listener: HTTP on a port of its own that WAMP clients never see. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { Access } from './access.js';
import { BadRequest, Query } from './query.js';

export interface Page {
  /** Default 200. */
  readonly status?: number;
  readonly contentType: string;
  /** One that is long comes in pieces: the next is asked for when the client has taken those before. */
  readonly body: string | AsyncIterable<string>;
}

/** What a path answers. One that throws is answered with 500, BadRequest with 400. */
export interface Route {
  /** The parameters that its query may have. */
  readonly parameters?: readonly string[];
  /** Served without credentials: it tells nothing, and probes have none. */
  readonly open?: boolean;
  page(query: Query, headers: IncomingMessage['headers']): Page | Promise<Page>;
}

export type Routes = { readonly [path: string]: Route };

/** Milliseconds and octets; what a scraper needs, and not what somebody needs who wants to keep us busy. */
const LIMITS = {
  connections: 100,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  /** Longer than the intervals at which scrapers come back. */
  keepAliveTimeout: 65_000,
  /** Without an octet of progress: a client that does not read. */
  idleTimeout: 30_000,
  maxHeaderSize: 16_384,
  /** Below, compressing saves nothing. */
  compressFrom: 1024,
} as const;

const compressed = promisify(gzip);
const PLAIN = 'text/plain; charset=utf-8';

export class HttpListener {
  readonly #server: Server;
  readonly #routes: Routes;
  readonly #access: Access;

  constructor(routes: Routes, access: Access) {
    this.#routes = routes;
    this.#access = access;
    const { connections, idleTimeout, compressFrom: _, ...options } = LIMITS;
    this.#server = createServer(options, (request, response) => void this.#answer(request, response));
    this.#server.timeout = idleTimeout;
    this.#server.maxConnections = connections;
  }

  /** Resolves with the URL in use. */
  listen(host: string, port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        const { address, port: actual, family } = bound as { address: string; port: number; family: string };
        resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`);
      });
    });
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    try {
      const page = await this.#page(path, question < 0 ? '' : url.slice(question + 1), request, response);
      await write(request, response, page);
    } catch (error) {
      // Half a page must not look like a whole one.
      if (response.headersSent || response.destroyed) return void response.destroy();
      const isOurs = !(error instanceof BadRequest);
      const reason = error instanceof Error ? error.message : String(error);
      await write(request, response, said(isOurs ? 500 : 400, isOurs ? `${path} failed: ${reason}` : reason));
    }
  }

  #page(path: string, query: string, request: IncomingMessage, response: ServerResponse): Page | Promise<Page> {
    const { method, headers } = request;
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
    if (!route) {
      return said(404, `nothing at ${JSON.stringify(path)}; there are ${Object.keys(this.#routes).join(', ')}`);
    }
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return said(405, `${path} does not take ${method}; use GET or HEAD`);
    }
    const refusal = route.open ? undefined : this.#access.refusal(headers);
    if (refusal) {
      if (refusal.challenges.length > 0) response.setHeader('www-authenticate', refusal.challenges);
      return said(refusal.status, refusal.message);
    }
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
      throw new BadRequest(`${path} takes no body; send the request without one`);
    }
    return route.page(Query.parse(path, query, route.parameters ?? []), headers);
  }
}

function said(status: number, message: string): Page {
  return { status, contentType: PLAIN, body: `${message}\n` };
}

async function write(request: IncomingMessage, response: ServerResponse, page: Page): Promise<void> {
  const { status = 200, contentType, body } = page;
  const isSmall = typeof body === 'string' && body.length < LIMITS.compressFrom;
  const zipped = !isSmall && accepts(request.headers['accept-encoding']);
  response.setHeader('content-type', contentType);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('vary', 'accept, accept-encoding');
  // A body that came uninvited is not read to its end.
  if (status >= 400 && !request.complete) response.setHeader('connection', 'close');
  if (zipped) response.setHeader('content-encoding', 'gzip');
  if (typeof body === 'string') {
    const octets = zipped ? await compressed(body) : Buffer.from(body);
    response.writeHead(status, { 'content-length': octets.length });
    response.end(request.method === 'HEAD' ? undefined : octets);
    return;
  }
  if (request.method === 'HEAD') {
    response.writeHead(status);
    response.end();
    return;
  }
  const pieces = body[Symbol.asyncIterator]();
  // What fails at once fails with a status.
  const first = await pieces.next();
  response.writeHead(status);
  const whole = from(first, pieces);
  await (zipped ? pipeline(whole, createGzip(), response) : pipeline(whole, response));
}

async function* from(first: IteratorResult<string>, pieces: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    for (let piece = first; !piece.done; piece = await pieces.next()) yield piece.value;
  } finally {
    // A client that went away ends the making of the page.
    await pieces.return?.();
  }
}

/** Whether gzip is among what the client decodes (RFC 9110, 12.5.3). */
function accepts(encodings: string | string[] | undefined): boolean {
  return String(encodings ?? '')
    .split(',')
    .map(one => one.toLowerCase().replaceAll(/\s/g, '').split(';q='))
    .some(([name, weight = '1']) => (name === 'gzip' || name === '*') && Number(weight) > 0);
}
