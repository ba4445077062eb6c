/** Owns one attempt to post a request to a collector: what it answers, or that it does not. */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type PartialSuccess, readPartialSuccess } from './otlp-response.js';
import type { ExportSettings } from './settings.js';
import { agentOptions, contentType } from './transport-options.js';

/** What came of an attempt. */
export type Answer =
  /** `isWritten`: nobody reads the request's memory any more. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly message: string; readonly isWritten: boolean }
  /** For good: the same request will not be taken later either. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Perhaps later; `retryAfter` in milliseconds, when the collector said it. */
  | { readonly kind: 'again'; readonly message: string; readonly retryAfter: number | undefined };

/** Posts; `answered` is called once, later. */
export type Post = (body: Uint8Array, answered: (answer: Answer) => void) => void;

/** OTLP specification, "OTLP/HTTP Response": a client reads so much, and does not repeat what was answered with more. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** What of a refusal goes to the log. */
const SHOWN_CHARACTERS = 200;
/** OTLP specification, "Retryable Response Codes". */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** `connections` at most are open at a time, and are kept. */
export function createPost(settings: ExportSettings, connections: number): Post {
  const isSecure = settings.url.startsWith('https:');
  const options = { ...agentOptions(settings), maxSockets: connections };
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options);
  const request = isSecure ? requestHttps : requestHttp;
  const headers: Record<string, string> = {
    ...settings.headers,
    'content-type': contentType(settings),
    'user-agent': settings.userAgent,
    ...(settings.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  const url = new URL(settings.url);
  return (body, answered) => {
    let isOver = false;
    let response: IncomingMessage | undefined;
    const outgoing = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
    const timer = setTimeout(() => cutOff(`no answer within ${settings.timeoutMillis} ms`), settings.timeoutMillis);
    function settle(answer: Answer): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      answered(answer);
    }
    /** The line went dead: what the status line said still holds. */
    function cutOff(reason: string): void {
      settle(answerOf(response?.statusCode, response, undefined, reason, outgoing.writableFinished));
      outgoing.destroy();
    }
    outgoing.on('error', error => cutOff(describe(error)));
    outgoing.on('response', incoming => {
      response = incoming;
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length <= MAX_ANSWER_BYTES) return;
        settle({ kind: 'refused', message: `an answer of more than ${MAX_ANSWER_BYTES} octets` });
        outgoing.destroy();
      });
      incoming.on('end', () =>
        settle(answerOf(incoming.statusCode, incoming, Buffer.concat(chunks), '', outgoing.writableFinished)),
      );
      incoming.on('error', error => cutOff(describe(error)));
    });
    outgoing.end(body);
  };
}

/** `body` is undefined when it did not come to its end, for the `reason` given. */
function answerOf(
  status: number | undefined,
  response: IncomingMessage | undefined,
  body: Buffer | undefined,
  reason: string,
  isWritten: boolean,
): Answer {
  if (status === undefined || response === undefined) return { kind: 'again', message: reason, retryAfter: undefined };
  if (status >= 200 && status < 300) {
    // Taken is what the status says; without the body nothing is known of spans that were rejected.
    const { rejected, message } = body === undefined ? NOTHING_REJECTED : readPartialSuccess(body);
    return { kind: 'taken', rejected, message, isWritten };
  }
  const shown = body?.toString('utf8', 0, SHOWN_CHARACTERS * 4).slice(0, SHOWN_CHARACTERS) ?? reason;
  const message = `${status} ${response.statusMessage ?? ''}: ${shown}`;
  if (!RETRYABLE.has(status)) return { kind: 'refused', message };
  return { kind: 'again', message, retryAfter: retryAfterOf(response.headers['retry-after'], Date.now()) };
}

const NOTHING_REJECTED: PartialSuccess = { rejected: 0, message: '' };

/** RFC 9110, 10.2.3: seconds or a date. Milliseconds; undefined when it is neither. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function describe(error: Error): string {
  // Several addresses were tried: the message of their collection is empty.
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  return first.message || (first as NodeJS.ErrnoException).code || 'connection lost';
}
