/** Owns the names of the management procedures and topics, and what they take and give; the documentation is made of it. */

export interface ProcedureRow {
  /** All names of it: the tracing document's first, then Crossbar's later ones. */
  readonly uris: readonly string[];
  /** Last part of its name at worker level, `crossbar.worker.<id>.…`, where the first two arguments are implied. */
  readonly atWorker?: string;
  /** Positional arguments, or keywords; `?` marks optional ones. */
  readonly args: readonly string[];
  readonly result: string;
}

const SEED = 'crossbarfabriccenter';
const REALM = 'crossbarfabriccenter.mrealm';
const NODE = 'crossbarfabriccenter.remote.node';
const TRACING = 'crossbarfabriccenter.remote.tracing';
const WORKER = ['node_id', 'worker_id'];
const TRACE = [...WORKER, 'trace_id'];

export const PROCEDURES = {
  listNodes: {
    uris: [`${SEED}.list_nodes`, `${REALM}.get_nodes`],
    args: ['status?', 'return_names?'],
    result: 'list of node ids',
  },
  getNode: { uris: [`${REALM}.get_node`], args: ['node_id'], result: 'node object' },
  getStatus: { uris: [`${NODE}.get_status`], args: ['node_id'], result: 'status object' },
  listWorkers: {
    uris: [`${SEED}.list_workers`, `${NODE}.get_workers`],
    args: ['node_id', 'filter_types?'],
    result: 'list of worker ids',
  },
  getWorker: {
    uris: [`${SEED}.get_worker`, `${NODE}.get_worker`],
    args: [...WORKER, 'include_stats?'],
    result: 'worker object',
  },
  listTraces: {
    uris: [`${SEED}.list_traces`, `${TRACING}.get_traces`],
    atWorker: 'get_traces',
    args: [...WORKER, 'include_stopped?'],
    result: 'list of trace ids',
  },
  getTrace: {
    uris: [`${SEED}.get_trace`, `${TRACING}.get_trace`],
    atWorker: 'get_trace',
    args: TRACE,
    result: 'trace object',
  },
  startTrace: {
    uris: [`${SEED}.start_trace`, `${TRACING}.start_trace`],
    atWorker: 'start_trace',
    args: [...WORKER, 'trace_id?', 'trace_options?'],
    result: 'trace object',
  },
  stopTrace: {
    uris: [`${SEED}.stop_trace`, `${TRACING}.stop_trace`],
    atWorker: 'stop_trace',
    args: TRACE,
    result: 'trace object',
  },
  getTraceData: {
    uris: [`${SEED}.get_trace_data`, `${TRACING}.get_trace_data`],
    atWorker: 'get_trace_data',
    args: [...TRACE, 'from_seq?', 'to_seq?', 'limit?'],
    result: 'list of trace records',
  },
  deleteTrace: {
    uris: [`${SEED}.delete_trace`, `${TRACING}.delete_trace`],
    atWorker: 'delete_trace',
    args: TRACE,
    result: '`null`; a running trace is stopped first',
  },
} as const satisfies Record<string, ProcedureRow>;

export type ProcedureName = keyof typeof PROCEDURES;

/** Events of traces: `(node_id, worker_id, trace_id, …)`, and at worker level `(trace_id, …)`. */
export const TOPICS = {
  started: { name: 'on_trace_started', args: ['trace'], when: 'a trace was started' },
  stopped: { name: 'on_trace_stopped', args: ['trace'], when: 'it was stopped; `stopped_reason` says why' },
  data: { name: 'on_trace_data', args: ['period', 'trace_data'], when: 'there are new records' },
  persistFailed: {
    name: 'on_trace_persist_failed',
    args: ['trace'],
    when: 'its records are no longer stored, `persist_error` says why; the trace goes on in memory',
  },
} as const;

export type TopicName = keyof typeof TOPICS;

export function topicUris(
  name: TopicName,
  worker: string,
): { readonly node: readonly string[]; readonly worker: string } {
  const last = TOPICS[name].name;
  return { node: [`${SEED}.${last}`, `${TRACING}.${last}`], worker: `crossbar.worker.${worker}.${last}` };
}

/** Name of a procedure at worker level. */
export function workerUri(worker: string, procedure: string): string {
  return `crossbar.worker.${worker}.${procedure}`;
}

/** Whether a URI belongs to the management API, whose own traffic no trace records. */
export function isManagementUri(uri: string): boolean {
  return uri.startsWith('crossbarfabriccenter.') || uri.startsWith('crossbar.worker.');
}
