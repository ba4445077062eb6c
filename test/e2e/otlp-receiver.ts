/** Owns a small OTLP/HTTP receiver: it decodes what the router posts and keeps the spans. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeJson, decodeProtobuf, type ReceivedSpan } from './otlp-decoder.js';

export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** `POST /v1/traces application/json`, of every request. */
  readonly requests = new Set<string>();
  readonly failures: unknown[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk));
      request.on('end', () => {
        const type = request.headers['content-type'] ?? '';
        this.requests.add(`${request.method} ${request.url} ${type}`);
        try {
          this.#take(type, Buffer.concat(chunks), request.headers['content-encoding'] === 'gzip');
        } catch (error) {
          this.failures.push(error);
        }
        // An empty ExportTraceServiceResponse.
        response.writeHead(200, { 'content-type': type });
        response.end(type === 'application/json' ? '{}' : '');
      });
    });
  }

  static async listen(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #take(type: string, posted: Buffer, isCompressed: boolean): void {
    const body = isCompressed ? gunzipSync(posted) : posted;
    this.spans.push(...(type === 'application/json' ? decodeJson(body) : decodeProtobuf(body)));
  }
}
