/** Owns what every span pipeline offers to the rest of the router. */

import type { Observer } from '../../trace/observer.js';

/** Numbers of spans. After `close`: spans = exported + dropped + failed. */
export interface SpanStats {
  /** Of all actions that ended. */
  readonly spans: number;
  /** Taken by the collector, or by the processor that was given. */
  readonly exported: number;
  /** Never sent, since too many were waiting. */
  readonly dropped: number;
  /** Sent and refused, not answered in time, or lost with the worker. */
  readonly failed: number;
}

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
