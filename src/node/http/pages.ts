/** Owns which pages the management listener has. */

import type { Page, Route, Routes } from './listener.js';
import type { Query } from './query.js';
import { realmOf, type SessionSource, sessionzRoute } from './sessionz.js';

/** What `/metrics/detailed` is asked for. */
export interface DetailedQuery {
  readonly family: string;
  /** The `limit` with the most bytes. */
  readonly limit: number;
  readonly realm: string | undefined;
  /** The beginning of what the family's members are called. */
  readonly match: string | undefined;
}

/** Metrics of each session, and the like: too many for `/metrics`. */
export interface Detailed {
  /** The first is shown when none is asked for. */
  readonly families: readonly string[];
  /** In pieces, which are made while the client reads. */
  page(query: DetailedQuery, accept: string): Page;
}

/** What the pages show. The metrics come in here, and nowhere else. */
export interface PageSource extends SessionSource {
  /** `/metrics`; `accept` is the header of the scraper, which chooses the format. */
  metrics(accept: string): Page | Promise<Page>;
  /** `/metrics/detailed`; without it there is no such page. */
  readonly detailed?: Detailed | undefined;
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
    ...(detailed && { '/metrics/detailed': detailedRoute(source, detailed) }),
    '/sessionz': sessionzRoute(source),
  };
}

function detailedRoute(source: SessionSource, { families, page }: Detailed): Route {
  return {
    parameters: ['family', 'limit', 'realm', 'match'],
    page: (query: Query, headers) =>
      page(
        {
          family: query.choice('family', families, families[0]!),
          limit: query.whole('limit', DEFAULT_LIMIT, 1, MAX_LIMIT),
          realm: realmOf(source, query),
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
