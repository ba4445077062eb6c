/** Owns what the command line reads of traces and records, in the form of the API's wire, and where it reads them from. */

/** A trace object, as `get_trace` gives it. */
export interface TraceSummary {
  readonly id: string;
  readonly node_id: string;
  readonly worker_id: string;
  /** `running`, `stopped`; of a store also `interrupted`. */
  readonly status: string;
  readonly stopped_reason?: string | null;
  /** ISO 8601. */
  readonly started: string;
  readonly ended: string | null;
  /** Seconds. */
  readonly runtime: number | null;
  readonly options: { readonly trace_level: 'message' | 'action'; readonly [key: string]: unknown };
  /** The oldest record that is kept, and the one that comes next. */
  readonly first_seq: number;
  readonly next_seq: number;
  /** Records that were pushed out or given up. */
  readonly dropped: number;
  readonly persisted_seq?: number | null;
  readonly persistent_id?: string | null;
  readonly persist_error?: string | null;
}

/** A message-level record. */
export interface TraceRecord {
  readonly seq: number;
  /** Seconds. */
  readonly ts: number;
  readonly direction: 'rx' | 'tx';
  /** `Call`. */
  readonly msg_type: string;
  readonly realm?: string | null;
  readonly session_id: number;
  readonly authid?: string | null;
  readonly authrole?: string | null;
  readonly correlation: string | null;
  readonly correlation_is_anchor: boolean;
  readonly correlation_is_last: boolean;
  readonly uri: string | null;
  readonly bytes: number;
  readonly msg: readonly unknown[];
  /** The receiver's send queue refused it. */
  readonly dropped?: boolean;
  /** It came after its action had ended. */
  readonly late?: boolean;
}

/** An action-level record. */
export interface ActionRecord {
  readonly seq: number;
  /** Seconds. */
  readonly ts: number;
  readonly duration: number;
  /** `Call`. */
  readonly action: string;
  readonly uri: string;
  readonly correlation: string;
  /** Session id; `null` for one who was not welcomed. */
  readonly originator: number | null;
  readonly responders: readonly { readonly session_id: number; readonly authid: string }[];
  readonly responder_count: number;
  readonly messages: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly success: boolean;
}

export type AnyRecord = TraceRecord | ActionRecord;

export function isActionRecord(record: AnyRecord): record is ActionRecord {
  return 'action' in record;
}

/** Where traces are read from: a router, or the store of one that is down. */
export interface RecordSource {
  /** All traces, whatever their state. */
  list(): Promise<readonly TraceSummary[]>;
  /** @throws TraceFailure that names the known ones. */
  get(id: string): Promise<TraceSummary>;
  /** Records `from` and after, as many as there are now, `limit` at most; those that are no longer kept are skipped. */
  records(id: string, from: number, limit: number): AsyncIterable<AnyRecord>;
  delete(id: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the store in a node's data directory. */
export type OpenStore = (directory: string, place: Place) => Promise<RecordSource>;

/** Where traces are looked for; absent: everywhere. */
export interface Place {
  readonly node: string | undefined;
  readonly worker: string | undefined;
}

/** How an id that nobody knows is answered. */
export function unknownTrace(id: string, known: readonly TraceSummary[]): string {
  if (known.length === 0) return `no trace "${id}"; there is none at all`;
  return `no trace "${id}"; there ${known.length === 1 ? 'is' : 'are'} ${known.map(trace => trace.id).join(', ')}`;
}
