/** Owns the native tracing API: the procedures that management clients call, as an ordinary local session. */

import { inspect } from 'node:util';
import type { LocalCall, LocalSession } from '../realm/local-session.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { isoTime, traceObject, traceRecord } from './marshal.js';
import { PROCEDURES, type ProcedureName } from './procedures.js';
import { parseTraceOptions } from './trace-options.js';
import type { Traces } from './traces.js';

/** What the API tells of the node it runs in: one node, one router worker. */
export interface NodeInfo {
  readonly nodeId: string;
  readonly workerId: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly pid: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

export function registerTracing(session: LocalSession, traces: Traces, node: NodeInfo, clock: () => number): void {
  const object = (trace: ReturnType<Traces['get']>): unknown =>
    traceObject(trace, node.nodeId, node.workerId, clock());

  const handlers: { readonly [name in ProcedureName]: (args: Arguments) => unknown } = {
    listNodes: () => [node.nodeId],
    listWorkers: args => {
      args.node(node);
      return [node.workerId];
    },
    getWorker: args => {
      args.worker(node);
      return {
        id: node.workerId,
        pid: node.pid,
        type: 'router',
        status: 'started',
        created: isoTime(node.started),
        started: isoTime(node.started),
        startup_time: 0,
        uptime: (clock() - node.started) / 1000,
      };
    },
    listTraces: args => {
      args.worker(node);
      return traces.list(args.flag(2, 'include_stopped'));
    },
    getTrace: args => {
      args.worker(node);
      return object(traces.get(args.text(2, 'trace_id')));
    },
    startTrace: args => {
      args.worker(node);
      const id = args.isGiven(2, 'trace_id') ? args.text(2, 'trace_id') : undefined;
      return object(traces.start(id || undefined, parseTraceOptions(args.value(3, 'trace_options'))));
    },
    stopTrace: args => {
      args.worker(node);
      return object(traces.stop(args.text(2, 'trace_id')));
    },
    getTraceData: args => {
      args.worker(node);
      const { log } = traces.get(args.text(2, 'trace_id'));
      const limit = args.integer(5, 'limit', MAX_LIMIT) ?? DEFAULT_LIMIT;
      const first = args.integer(3, 'from_seq');
      const last = args.integer(4, 'to_seq');
      // With a beginning the oldest from there on; without one the newest up to the end.
      const to = Math.min(last ?? Number.POSITIVE_INFINITY, log.nextSeq - 1);
      const from = first ?? Math.max(0, to - limit + 1);
      const begin = Math.max(from, log.firstSeq);
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
    if (id === node.nodeId) return;
    throw new WampError(ErrorUri.noSuchObject, `No node with ID '${id}'; this is '${node.nodeId}'`);
  }

  worker(node: NodeInfo): void {
    this.node(node);
    const id = this.text(1, 'worker_id');
    if (id === node.workerId) return;
    throw new WampError(ErrorUri.noSuchWorker, `No worker with ID '${id}'; this node has '${node.workerId}'`);
  }
}
