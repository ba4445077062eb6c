/** Owns the native tracing API: the procedures that management clients call, as an ordinary local session. */

import type { Persister } from '../observers/persister.js';
import type { LocalSession } from '../realm/local-session.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { stringify } from '../wire/serializers/json-values.js';
import { Arguments } from './arguments.js';
import { isoTime, traceObject, traceRecord } from './marshal.js';
import { PROCEDURES, type ProcedureName, type ProcedureRow, workerUri } from './procedures.js';
import type { Readers } from './readers.js';
import type { Trace } from './trace.js';
import { parseTraceOptions } from './trace-options.js';
import type { Traces } from './traces.js';

/** A router worker, as the API tells of it. */
export interface WorkerInfo {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly traces: Traces;
}

/** The node that the API runs in; a node knows no other. */
export interface NodeInfo {
  readonly id: string;
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly workers: readonly WorkerInfo[];
  /** For persisted traces; `undefined` when the node has no store. */
  readonly store: Persister | undefined;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
/** A result stops here, and the caller pages on: longer ones run into the limits of messages. */
const MAX_RESULT_OCTETS = 8 << 20;

type Handlers = { readonly [name in ProcedureName]: (args: Arguments) => unknown };

/** Registers all procedures by all their names in the realm of `session`. */
export function registerTracing(session: LocalSession, node: NodeInfo, readers: Readers, clock: () => number): void {
  const handlers = handlersOf(node, readers, clock);
  for (const [name, row] of Object.entries<ProcedureRow>(PROCEDURES)) {
    const handler = handlers[name as ProcedureName];
    for (const uri of row.uris) session.register(uri, call => handler(new Arguments(call, row.args)));
    const { atWorker } = row;
    if (atWorker === undefined) continue;
    for (const worker of node.workers) {
      const implied = [node.id, worker.id];
      session.register(workerUri(worker.id, atWorker), call => handler(new Arguments(call, row.args, implied)));
    }
  }
}

function handlersOf(node: NodeInfo, readers: Readers, clock: () => number): Handlers {
  const object = (trace: Trace, worker: WorkerInfo): unknown => traceObject(trace, node.id, worker.id, clock());
  return {
    listNodes: args => {
      const status = args.isGiven(0, 'status') ? args.text(0, 'status') : 'online';
      if (status !== 'online' && status !== 'offline') {
        throw new WampError(ErrorUri.invalidArgument, `status is "${status}"; expected "online", "offline" or null`);
      }
      args.flag(1, 'return_names');
      return status === 'online' ? [node.id] : [];
    },
    getNode: args => {
      requireNode(args, node);
      return {
        oid: node.id,
        authid: node.id,
        status: 'online',
        started: isoTime(node.started),
        timestamp: isoTime(clock()),
      };
    },
    getStatus: args => {
      requireNode(args, node);
      return {
        title: `wampscope node ${node.id}`,
        started: isoTime(node.started),
        controller_pid: node.pid,
        running_workers: node.workers.length,
        workers_by_type: { router: node.workers.length },
        trace_store: node.store?.status() ?? null,
      };
    },
    listWorkers: args => {
      requireNode(args, node);
      const types = args.texts(1, 'filter_types');
      return types?.length && !types.includes('router') ? [] : node.workers.map(worker => worker.id).sort();
    },
    getWorker: args => {
      const { id, started } = workerOf(args, node);
      args.flag(2, 'include_stats');
      return {
        id,
        pid: node.pid,
        type: 'router',
        status: 'started',
        created: isoTime(started),
        started: isoTime(started),
        // Seconds.
        startup_time: 0,
        uptime: (clock() - started) / 1000,
      };
    },
    listTraces: args => workerOf(args, node).traces.list(args.flag(2, 'include_stopped')),
    getTrace: args => {
      const worker = workerOf(args, node);
      return object(worker.traces.get(args.text(2, 'trace_id')), worker);
    },
    startTrace: args => {
      const worker = workerOf(args, node);
      const id = args.isGiven(2, 'trace_id') ? args.text(2, 'trace_id') : '';
      const options = parseTraceOptions(args.value(3, 'trace_options'));
      readers.mayStart(args.callerRole, options.filter.realm);
      return object(worker.traces.start(id || undefined, options), worker);
    },
    stopTrace: args => {
      const worker = workerOf(args, node);
      return object(worker.traces.stop(args.text(2, 'trace_id')), worker);
    },
    deleteTrace: async args => {
      await workerOf(args, node).traces.delete(args.text(2, 'trace_id'));
      return null;
    },
    getTraceData: args => {
      const trace = workerOf(args, node).traces.get(args.text(2, 'trace_id'));
      const first = args.integer(3, 'from_seq');
      const last = args.integer(4, 'to_seq');
      const limit = args.integer(5, 'limit', MAX_LIMIT) ?? DEFAULT_LIMIT;
      // With a beginning the oldest from there on; without one the newest up to the end.
      const to = Math.min(last ?? Number.POSITIVE_INFINITY, trace.nextSeq - 1);
      const begin = Math.max(first ?? to - limit + 1, trace.firstSeq);
      const records = trace.read(begin, to, limit).map(record => traceRecord(record, trace.origin));
      return withinResult(records.filter(record => readers.maySee(args.callerRole, record.realm)));
    },
  };
}

/** As many of the records, from the first on, as one result may hold; at least one. */
function withinResult<Record>(records: readonly Record[]): Record[] {
  const fitting: Record[] = [];
  let octets = 0;
  for (const record of records) {
    octets += stringify(record).length;
    if (octets > MAX_RESULT_OCTETS && fitting.length > 0) break;
    fitting.push(record);
  }
  return fitting;
}

function requireNode(args: Arguments, node: NodeInfo): void {
  const id = args.text(0, 'node_id');
  if (id === node.id) return;
  throw new WampError(ErrorUri.noSuchObject, `No node with ID '${id}'; this is '${node.id}'`);
}

function workerOf(args: Arguments, node: NodeInfo): WorkerInfo {
  requireNode(args, node);
  const id = args.text(1, 'worker_id');
  const worker = node.workers.find(candidate => candidate.id === id);
  if (worker) return worker;
  const known = node.workers.map(candidate => `'${candidate.id}'`).join(', ');
  throw new WampError(ErrorUri.noSuchWorker, `No worker with ID '${id}'; this node has ${known}`);
}
