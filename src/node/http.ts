/** Owns the management listener: metrics and health, on a port of their own that clients never see. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Page {
  readonly contentType: string;
  readonly body: string;
}

/** What a path answers; a page that throws is answered with 500 and the reason. */
export type Pages = { readonly [path: string]: () => Page | Promise<Page> };

export class HttpListener {
  readonly #server: Server;
  readonly #pages: Pages;

  constructor(pages: Pages) {
    this.#pages = pages;
    this.#server = createServer((request, response) => void this.#answer(request, response));
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
    const path = (request.url ?? '/').split('?', 1)[0]!;
    const page = Object.hasOwn(this.#pages, path) ? this.#pages[path] : undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, 405, 'text/plain', `${request.method} is not served here; use GET\n`);
    }
    if (!page)
      return send(response, 404, 'text/plain', `Nothing at ${path}; try ${Object.keys(this.#pages).join(', ')}\n`);
    try {
      const { contentType, body } = await page();
      send(response, 200, contentType, body);
    } catch (error) {
      send(response, 500, 'text/plain', `${path} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
