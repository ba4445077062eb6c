/** Owns the names of the management procedures and what they take and give; the documentation is tested against it. */

export interface ProcedureRow {
  readonly uri: string;
  /** Positional arguments; `?` marks optional ones. */
  readonly args: readonly string[];
  readonly result: string;
}

/** The tracing API by the names of its first document. */
export const PROCEDURES = {
  listNodes: row('crossbarfabriccenter.list_nodes', [], 'list of node ids'),
  listWorkers: row('crossbarfabriccenter.list_workers', ['node_id'], 'list of worker ids'),
  getWorker: row('crossbarfabriccenter.get_worker', ['node_id', 'worker_id'], 'worker object'),
  listTraces: row(
    'crossbarfabriccenter.list_traces',
    ['node_id', 'worker_id', 'include_stopped?'],
    'list of trace ids',
  ),
  getTrace: row('crossbarfabriccenter.get_trace', ['node_id', 'worker_id', 'trace_id'], 'trace object'),
  startTrace: row(
    'crossbarfabriccenter.start_trace',
    ['node_id', 'worker_id', 'trace_id?', 'trace_options?'],
    'trace object',
  ),
  stopTrace: row('crossbarfabriccenter.stop_trace', ['node_id', 'worker_id', 'trace_id'], 'trace object'),
  getTraceData: row(
    'crossbarfabriccenter.get_trace_data',
    ['node_id', 'worker_id', 'trace_id', 'from_seq?', 'to_seq?', 'limit?'],
    'list of trace records',
  ),
} as const;

export type ProcedureName = keyof typeof PROCEDURES;

function row(uri: string, args: readonly string[], result: string): ProcedureRow {
  return { uri, args, result };
}
