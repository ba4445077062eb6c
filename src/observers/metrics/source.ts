/** Owns what the metrics read of a router, all of it plain numbers that the router keeps anyway. */

import type { SpanStats } from '../spans/pipeline.js';

/** A histogram: values per bucket, the infinite one last, in the order of the row's `buckets`. */
export interface Distribution {
  readonly counts: ArrayLike<number>;
  /** In the same ticks as the bounds. */
  readonly sum: number;
}

/** Calls of one procedure. */
export interface MethodFigures {
  readonly uri: string;
  readonly endings: Iterable<CallEnding>;
  /** Microseconds. */
  readonly callee: Distribution;
}

export interface CallEnding {
  /** `OK` or the URI of an error. */
  readonly status: string;
  /** '' when nothing failed. */
  readonly type: string;
  /** Microseconds. */
  readonly duration: Distribution;
}

/** What is measured only for metrics. */
export interface RealmMeasures {
  /** Milliseconds. */
  readonly sessionDuration: Distribution;
  readonly methods: Iterable<MethodFigures>;
  /** Microseconds. */
  readonly callLeg: Distribution;
  readonly resultLeg: Distribution;
  readonly delivery: Distribution;
  readonly fanout: Distribution;
  readonly errors: Iterable<{ readonly request: string; readonly type: string; readonly count: number }>;
}

export interface Both {
  readonly received: number;
  readonly sent: number;
}

export interface ByMatch {
  readonly exact: number;
  readonly prefix: number;
}

/** What is counted of one realm; totals since the start. */
export interface RealmFigures {
  readonly name: string;
  readonly groups: Iterable<{
    readonly transport: string;
    readonly serializer: string;
    readonly authmethod: string;
    readonly sessions: number;
  }>;
  readonly opened: number;
  /** By reason. */
  readonly closed: Iterable<readonly [string, number]>;
  /** Messages by type code; those received under code 0 could not be decoded. */
  readonly received: ArrayLike<number>;
  readonly sent: ArrayLike<number>;
  /** By serializer. */
  readonly octets: Iterable<readonly [string, Both]>;
  readonly rated: Both;
  readonly openCalls: number;
  readonly progressiveResults: number;
  /** EVENTs, by reason. */
  readonly dropped: Iterable<readonly [string, number]>;
  readonly subscriptions: ByMatch;
  readonly registrations: ByMatch;
  readonly measures: RealmMeasures | undefined;
}

/** What is counted of the whole node. */
export interface NodeFigures {
  readonly realms: readonly RealmFigures[];
  readonly connections: number;
  readonly openActions: number;
  readonly abandonedActions: number;
  readonly runningTraces: number;
  /** Traces that were stopped because they harmed the router. */
  readonly harmfulTraces: number;
  /** By outcome; nothing while no spans are exported. */
  readonly spans: Iterable<readonly [string, number]>;
  /** `undefined` while no spans are exported. */
  readonly spanPipeline: SpanStats | undefined;
  /** Logins, microseconds. */
  readonly logins: Iterable<{ readonly method: string; readonly outcome: string; readonly duration: Distribution }>;
  /** Sizes of messages by type code. */
  sizes(code: number): Distribution | undefined;
  /** By label. */
  readonly overflow: Iterable<readonly [string, number]>;
}

/** One session, for `/metrics/detailed`; read while it lives and after. */
export interface SessionFigures {
  readonly identity: {
    readonly realm: string;
    readonly id: number;
    readonly authid: string;
    readonly authrole: string;
    readonly serializer: string | undefined;
    readonly transport: string;
  };
  readonly traffic: {
    readonly receivedBytes: number;
    readonly sentBytes: number;
    readonly receivedMessages: number;
    readonly sentMessages: number;
    readonly receivedRated: number;
    readonly sentRated: number;
    readonly droppedEvents: number;
  };
  readonly buffered: number;
}

/** One registration or subscription. */
export interface UriFigures {
  readonly realm: string;
  readonly uri: string;
  readonly match: string;
  /** Calls, or EVENTs sent. */
  readonly total: number;
  /** Callees, or subscribers. */
  readonly sessions: number;
}

/** What the node lets the metrics read. Distributions go on counting while they are written, each as it is in its turn. */
export interface MetricsSource {
  readonly version: string;
  /** Milliseconds since the epoch when counting began. */
  readonly started: number;
  /** Octets that wait for a peer above which it is slow. */
  readonly slowAbove: number;
  read(): NodeFigures;
  /** `undefined`: of all realms. */
  sessions(realm: string | undefined): Iterable<SessionFigures>;
  registrations(realm: string | undefined): Iterable<UriFigures>;
  subscriptions(realm: string | undefined): Iterable<UriFigures>;
}
