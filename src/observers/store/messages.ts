/** Owns what the router and the thread that writes its store tell each other. */

import type { Amendment } from '../amendments.js';
import type { StoreLimits, TraceMeta } from './stored-trace.js';

/** What the thread is started with. */
export interface WriterSettings {
  readonly directory: string;
  readonly limits: StoreLimits;
  /** Traces that run already, when an earlier thread has died. */
  readonly live: readonly string[];
  /** See `Gate`. */
  readonly gate: SharedArrayBuffer;
}

export type Order =
  | { readonly kind: 'begin'; readonly meta: TraceMeta }
  | {
      readonly kind: 'append';
      readonly persistentId: string;
      readonly firstSeq: number;
      readonly count: number;
      /** Shared, so that it is read where it was written (ADR-027). */
      readonly buffer: ArrayBufferLike;
    }
  | { readonly kind: 'amend'; readonly persistentId: string; readonly amendments: readonly Amendment[] }
  | { readonly kind: 'end'; readonly persistentId: string; readonly ended: number; readonly reason: string }
  | { readonly kind: 'delete'; readonly persistentId: string; readonly call: number }
  | { readonly kind: 'close' };

export type Report =
  /** Every order before it has been carried out or told as a fault; `octets` of blocks among them. */
  | { readonly kind: 'done'; readonly orders: number; readonly octets: number }
  | {
      readonly kind: 'persisted';
      readonly persistentId: string;
      readonly firstSeq: number;
      readonly seq: number;
      readonly lost: number;
    }
  /** The first records of a running trace have gone, to keep a limit. */
  | { readonly kind: 'trimmed'; readonly persistentId: string; readonly firstSeq: number; readonly lost: number }
  /** A trace that had ended has gone, to keep a limit. */
  | { readonly kind: 'removed'; readonly persistentId: string }
  | { readonly kind: 'fault'; readonly persistentId: string; readonly reason: string }
  | { readonly kind: 'ended'; readonly persistentId: string }
  | { readonly kind: 'deleted'; readonly call: number; readonly found: boolean; readonly reason?: string }
  | { readonly kind: 'closed' };
