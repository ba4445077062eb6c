/** Owns the other end of the line in tests: a collector that decodes for real and misbehaves on request. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../../helpers/ports.js';
import { countProtobuf, type Decoded, type DecodedSpan, decodeJson, decodeProtobuf } from './otlp-decode.js';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly parts: Decoded[];
  readonly spans: number;
}

/** Answers a request that has been read; the default says 200. */
export type Answer = (response: ServerResponse, count: number) => void;

export class Receiver implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  #server: Server;
  readonly #port: number;
  /** Spans of requests that were answered 200. */
  spans = 0;
  /** Milliseconds by `performance.now`, of each request. */
  readonly times: number[] = [];
  /** Count the spans of protobuf requests instead of decoding them. */
  onlyCounts = false;
  answer: Answer = response => response.writeHead(200).end();
  /** What broke while a request was read. */
  readonly faults: unknown[] = [];

  private constructor(port: number) {
    this.#port = port;
    this.#server = this.#create();
  }

  #create(): Server {
    return createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const sent = Buffer.concat(chunks);
        try {
          const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
          const received = { path: request.url ?? '', headers: request.headers, ...this.#read(request.headers, bytes) };
          this.times.push(performance.now());
          this.requests.push(received);
          this.answer(response, this.requests.length);
          if (response.statusCode === 200) this.spans += received.spans;
        } catch (error) {
          this.faults.push(error);
          response.writeHead(400).end(String(error));
        }
      });
    });
  }

  #read(headers: IncomingHttpHeaders, bytes: Buffer): { parts: Decoded[]; spans: number } {
    const isJson = headers['content-type'] === 'application/json';
    if (this.onlyCounts && !isJson) return { parts: [], spans: countProtobuf(bytes) };
    const parts = isJson ? decodeJson(bytes) : decodeProtobuf(bytes);
    return { parts, spans: parts.reduce((sum, part) => sum + part.spans.length, 0) };
  }

  static async start(): Promise<Receiver> {
    for (;;) {
      const receiver = new Receiver(await freePort());
      try {
        await receiver.#listen();
        return receiver;
      } catch (error) {
        // Somebody else took it in between.
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  /** As after `kill -9`: connections break off, and nobody listens. */
  async kill(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  /** Listens again where it did before. */
  async restart(): Promise<void> {
    this.#server = this.#create();
    await this.#listen();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** All spans received, in an order of their own: that of their ids. */
  sorted(): DecodedSpan[] {
    const spans = this.requests.flatMap(request => request.parts.flatMap(part => part.spans));
    return spans.sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
