/** Owns what every span pipeline offers to the rest of the router. */

import type { Observer } from '../../trace/observer.js';

/**
 * Why spans were never sent.
 * `queue_full`: too many waited, and these mattered least. `breaker_open`: the collector does not answer, and only
 * failures and slow actions wait for it. `no_worker`: the thread that sends kept dying. `closed`: the action ended
 * after `close`. `too_many_children`: of one call more invocations than a row takes.
 */
export const DROP_CAUSES = ['queue_full', 'breaker_open', 'no_worker', 'closed', 'too_many_children'] as const;
export type DropCause = (typeof DROP_CAUSES)[number];

/**
 * Why spans that were to be sent did not arrive.
 * `refused`: the collector said no for good. `rejected`: it took the rest of the request (partial success).
 * `gave_up`: it could not take them for too long. `worker_died`: they were lost with the thread. `shutdown`: `close`
 * waits no longer. `internal`: a fault of ours.
 */
export const FAIL_CAUSES = ['refused', 'rejected', 'gave_up', 'worker_died', 'shutdown', 'internal'] as const;
export type FailCause = (typeof FAIL_CAUSES)[number];

export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Numbers of spans, where nothing else is said. At any time: spans = exported + dropped + failed + waiting. */
export interface SpanStats {
  /** Of all actions that ended. */
  readonly spans: number;
  /** Taken by the collector, or by the processor that was given. */
  readonly exported: number;
  /** Never sent; the sum of `droppedBy`. */
  readonly dropped: number;
  /** Sent, and refused or not answered, or lost on the way; the sum of `failedBy`. */
  readonly failed: number;
  /** Neither yet. */
  readonly waiting: number;
  /** Of `waiting`, those of requests on their way, or between two attempts. */
  readonly sending: number;
  readonly droppedBy: Readonly<Record<DropCause, number>>;
  readonly failedBy: Readonly<Record<FailCause, number>>;
  /** Of `dropped`, those of actions that failed or were slow, which go last. */
  readonly importantDropped: number;
  /** The limit of `waiting` less `sending`. */
  readonly capacity: number;
  /** Octets of memory that hold what waits, and their limit. */
  readonly waitingBytes: number;
  readonly capacityBytes: number;
  /** Requests. */
  readonly inFlight: number;
  /** Requests answered or given up, each attempt by itself, and the seconds they took in all. */
  readonly requests: number;
  readonly requestSeconds: number;
  /** Attempts that repeated an earlier one. */
  readonly retries: number;
  /** Octets of request bodies, as compressed, each attempt by itself. */
  readonly bytesSent: number;
  readonly breaker: BreakerState;
  /** How often the breaker opened. */
  readonly breakerOpened: number;
}

/** Exports whatever ended action it is told of: `keptOnly` sees to it that those are the sampled ones. */
export interface SpanPipeline extends Observer {
  /** Settles when all spans of actions that have ended are accounted for, or after 3 s. Never rejects. */
  flush(): Promise<void>;
  /** Flushes, for at most 3 s, and ends. Never rejects. Actions that end later are counted as dropped. */
  close(): Promise<void>;
  stats(): SpanStats;
}

export interface SpanLog {
  warn(message: string): void;
}

/** OpenTelemetry specification leaves the time to the implementer; an operator who stops a router waits no longer. */
export const CLOSE_LIMIT_MS = 3000;
