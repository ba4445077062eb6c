/** Owns the tracing API as the command line calls it: which procedures, on which worker, page by page. */

import { PROCEDURES, type ProcedureName } from '../../api/procedures.js';
import { ErrorUri } from '../../wire/errors.js';
import { type Login, WampClient } from './client.js';
import { CallRefused, TraceFailure } from './failure.js';
import { type AnyRecord, type Place, type RecordSource, type TraceSummary, unknownTrace } from './records.js';

interface Worker {
  readonly node: string;
  readonly worker: string;
}

/** Records of one call: few enough that the router is not kept from its work. */
const PAGE = 1000;

export class Management implements RecordSource {
  readonly #client: WampClient;
  readonly #place: Place;
  /** Where traces were seen. */
  readonly #workers = new Map<string, Worker>();

  private constructor(client: WampClient, place: Place) {
    this.#client = client;
    this.#place = place;
  }

  static async connect(login: Login, place: Place): Promise<Management> {
    return new Management(await WampClient.join(login), place);
  }

  async list(): Promise<TraceSummary[]> {
    const found: TraceSummary[] = [];
    for (const worker of await this.#find()) {
      for (const id of await this.#call<string[]>('listTraces', worker, true)) {
        const trace = await this.#known(worker, id);
        if (trace) found.push(trace);
      }
    }
    return found;
  }

  /** `undefined` when the worker has none of that id. */
  async #known(worker: Worker, id: string): Promise<TraceSummary | undefined> {
    try {
      return await this.#call<TraceSummary>('getTrace', worker, id);
    } catch (error) {
      if (error instanceof CallRefused && error.uri === ErrorUri.noSuchObject) return undefined;
      throw error;
    }
  }

  async get(id: string): Promise<TraceSummary> {
    const last = this.#workers.get(id);
    const places = last ? [last] : await this.#find();
    const found: [Worker, TraceSummary][] = [];
    for (const worker of places) {
      const trace = await this.#known(worker, id);
      if (trace) found.push([worker, trace]);
    }
    if (found.length > 1) {
      const workers = found.map(([worker]) => worker.worker).join(', ');
      throw new TraceFailure(`there is a trace "${id}" on each of the workers ${workers}: say --worker`);
    }
    if (found.length === 0) throw new TraceFailure(unknownTrace(id, await this.list()));
    const [worker, trace] = found[0]!;
    this.#workers.set(id, worker);
    return trace;
  }

  /** Without an id the router finds one. */
  async start(id: string | undefined, options: object): Promise<TraceSummary> {
    const workers = await this.#find();
    if (workers.length > 1) {
      throw new TraceFailure(`say --worker: there are ${workers.map(({ worker }) => worker).join(', ')}`);
    }
    const trace = await this.#call<TraceSummary>('startTrace', workers[0]!, id ?? null, options);
    this.#workers.set(trace.id, workers[0]!);
    return trace;
  }

  async stop(id: string): Promise<TraceSummary> {
    return this.#call('stopTrace', await this.#workerOf(id), id);
  }

  async delete(id: string): Promise<void> {
    await this.#call('deleteTrace', await this.#workerOf(id), id);
  }

  async *records(id: string, from: number, limit: number): AsyncIterable<AnyRecord> {
    const { first_seq, next_seq } = await this.get(id);
    const worker = await this.#workerOf(id);
    let seq = Math.max(from, first_seq);
    let left = limit;
    while (seq < next_seq && left > 0) {
      const to = seq + Math.min(PAGE, left) - 1;
      const page = await this.#call<AnyRecord[]>('getTraceData', worker, id, seq, to, PAGE);
      yield* page;
      left -= page.length;
      // A page ends early when it is full; without any record, none of them may be seen by this role.
      seq = page.length > 0 ? page.at(-1)!.seq + 1 : to + 1;
    }
  }

  async close(): Promise<void> {
    await this.#client.leave();
  }

  async #workerOf(id: string): Promise<Worker> {
    if (!this.#workers.has(id)) await this.get(id);
    return this.#workers.get(id)!;
  }

  /** The workers of the place; at least one. */
  async #find(): Promise<Worker[]> {
    const nodes = await this.#ask<string[]>('listNodes', []);
    const node = oneOf('node', this.#place.node, nodes);
    const found: Worker[] = [];
    for (const name of node === undefined ? nodes : [node]) {
      const workers = await this.#ask<string[]>('listWorkers', [name]);
      const worker = oneOf('worker', this.#place.worker, workers);
      for (const id of worker === undefined ? workers : [worker]) found.push({ node: name, worker: id });
    }
    if (found.length === 0) throw new TraceFailure('this router has no workers');
    return found;
  }

  #call<T>(name: ProcedureName, { node, worker }: Worker, ...args: readonly unknown[]): Promise<T> {
    return this.#ask<T>(name, [node, worker, ...args]);
  }

  async #ask<T>(name: ProcedureName, args: readonly unknown[]): Promise<T> {
    return (await this.#client.call(PROCEDURES[name].uris[0], args)) as T;
  }
}

function oneOf(what: string, asked: string | undefined, known: readonly string[]): string | undefined {
  if (asked === undefined || known.includes(asked)) return asked;
  throw new TraceFailure(`no ${what} "${asked}"; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`);
}
