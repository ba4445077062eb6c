/** Owns the native tracing API: the procedures that management clients call, as an ordinary local session. */

import { inspect } from 'node:util';
import type { LocalCall, LocalSession } from '../realm/local-session.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { isoTime, traceObject, traceRecord } from './marshal.js';
import { PROCEDURES, type ProcedureName } from './procedures.js';
import { parseTraceOptions } from './trace-options.js';
import type { Trace, Traces } from './traces.js';

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
  readonly workers: readonly WorkerInfo[];
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

export function registerTracing(session: LocalSession, node: NodeInfo, clock: () => number): void {
  const object = (trace: Trace, worker: WorkerInfo): unknown => traceObject(trace, node.id, worker.id, clock());

  const handlers: { readonly [name in ProcedureName]: (args: Arguments) => unknown } = {
    listNodes: () => [node.id],
    listWorkers: args => {
      args.node(node);
      return node.workers.map(worker => worker.id);
    },
    getWorker: args => {
      const { id, started } = args.worker(node);
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
    listTraces: args => args.worker(node).traces.list(args.flag(2, 'include_stopped')),
    getTrace: args => {
      const worker = args.worker(node);
      return object(worker.traces.get(args.text(2, 'trace_id')), worker);
    },
    startTrace: args => {
      const worker = args.worker(node);
      const id = args.isGiven(2, 'trace_id') ? args.text(2, 'trace_id') : '';
      const options = parseTraceOptions(args.value(3, 'trace_options'));
      return object(worker.traces.start(id || undefined, options), worker);
    },
    stopTrace: args => {
      const worker = args.worker(node);
      return object(worker.traces.stop(args.text(2, 'trace_id')), worker);
    },
    getTraceData: args => {
      const { log } = args.worker(node).traces.get(args.text(2, 'trace_id'));
      const first = args.integer(3, 'from_seq');
      const last = args.integer(4, 'to_seq');
      const limit = args.integer(5, 'limit', MAX_LIMIT) ?? DEFAULT_LIMIT;
      // With a beginning the oldest from there on; without one the newest up to the end.
      const to = Math.min(last ?? Number.POSITIVE_INFINITY, log.nextSeq - 1);
      const begin = Math.max(first ?? to - limit + 1, log.firstSeq);
      return log.read(begin, Math.min(to, begin + limit - 1)).map(traceRecord);
    },
  };
  for (const [name, handler] of Object.entries(handlers)) {
    const { uri, args } = PROCEDURES[name as ProcedureName];
    session.register(uri, call => handler(new Arguments(call, args)));
  }
}

/** The arguments of one call, by position or by name, checked when read. */
class Arguments {
  readonly #call: LocalCall;

  constructor(call: LocalCall, names: readonly string[]) {
    this.#call = call;
    if (call.args.length > names.length) {
      throw this.#wrong(`${call.args.length} arguments`, `at most ${names.length}: ${names.join(', ')}`);
    }
    const unknown = Object.keys(call.kwargs).find(key => !names.some(name => name.replace('?', '') === key));
    if (unknown !== undefined) throw this.#wrong(`keyword ${unknown}`, names.join(', ') || 'none');
  }

  #wrong(what: string, expected: string): WampError {
    return new WampError(ErrorUri.invalidArgument, `${this.#call.procedure}: ${what}; expected ${expected}`);
  }

  value(index: number, name: string): unknown {
    return this.#call.args[index] ?? this.#call.kwargs[name];
  }

  isGiven(index: number, name: string): boolean {
    const value = this.value(index, name);
    return value !== undefined && value !== null;
  }

  text(index: number, name: string): string {
    const value = this.value(index, name);
    if (typeof value !== 'string') throw this.#wrong(`${name} is ${inspect(value)}`, 'a string');
    return value;
  }

  flag(index: number, name: string): boolean {
    const value = this.value(index, name) ?? false;
    if (typeof value !== 'boolean') throw this.#wrong(`${name} is ${inspect(value)}`, 'a boolean');
    return value;
  }

  /** `undefined` when absent or null. */
  integer(index: number, name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
    if (!this.isGiven(index, name)) return undefined;
    const value = this.value(index, name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
      throw this.#wrong(`${name} is ${inspect(value)}`, `an integer from 0 to ${most}, or null`);
    }
    return value;
  }

  node(node: NodeInfo): void {
    const id = this.text(0, 'node_id');
    if (id === node.id) return;
    throw new WampError(ErrorUri.noSuchObject, `No node with ID '${id}'; this is '${node.id}'`);
  }

  worker(node: NodeInfo): WorkerInfo {
    this.node(node);
    const id = this.text(1, 'worker_id');
    const worker = node.workers.find(candidate => candidate.id === id);
    if (worker) return worker;
    const known = node.workers.map(candidate => `'${candidate.id}'`).join(', ');
    throw new WampError(ErrorUri.noSuchWorker, `No worker with ID '${id}'; this node has ${known}`);
  }
}
