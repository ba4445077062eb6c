/** Owns which pages the management listener has. */

import type { Page, Route, Routes } from './listener.js';
import type { Query } from './query.js';
import { type SessionSource, sessionzRoute } from './sessionz.js';

/** What `/metrics/detailed` is asked for. */
export interface DetailedQuery {
  readonly family: 'session';
  /** The `limit` with the most bytes. */
  readonly limit: number;
  readonly realm: string | undefined;
  /** The beginning of an authid. */
  readonly match: string | undefined;
}

/** What the pages show. The metrics come in here, and nowhere else. */
export interface PageSource extends SessionSource {
  /** `/metrics`; `accept` is the header of the scraper, which chooses the format. */
  metrics(accept: string): Page | Promise<Page>;
  /** `/metrics/detailed`, in pieces that are made while the client reads. Without it there is no such page. */
  detailed?: ((query: DetailedQuery, accept: string) => Page) | undefined;
  /** Why the node is not ready; `undefined` when it is. */
  unready(): string | undefined;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const PLAIN = 'text/plain; charset=utf-8';

export function pagesOf(source: PageSource): Routes {
  const { detailed } = source;
  return {
    '/healthz': { open: true, page: () => ({ contentType: PLAIN, body: 'ok\n' }) },
    '/readyz': { open: true, page: () => readyz(source.unready()) },
    '/metrics': { page: (_query, headers) => source.metrics(headers.accept ?? '') },
    ...(detailed && { '/metrics/detailed': detailedRoute(detailed) }),
    '/sessionz': sessionzRoute(source),
  };
}

function detailedRoute(detailed: NonNullable<PageSource['detailed']>): Route {
  return {
    parameters: ['family', 'limit', 'realm', 'match'],
    page: (query: Query, headers) =>
      detailed(
        {
          family: query.choice('family', ['session'], 'session'),
          limit: query.whole('limit', DEFAULT_LIMIT, 1, MAX_LIMIT),
          realm: query.text('realm'),
          match: query.text('match'),
        },
        headers.accept ?? '',
      ),
  };
}

function readyz(reason: string | undefined): Page {
  if (reason === undefined) return { contentType: PLAIN, body: 'ready\n' };
  return { status: 503, contentType: PLAIN, body: `not ready: ${reason}\n` };
}
