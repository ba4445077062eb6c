/** Owns the reading of a trace store from the command line, whether a router runs or not; and deleting in it while none does. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isoTime, traceRecord } from '../../api/marshal.js';
import { storedRecord } from '../../observers/logged-action.js';
import {
  type FindCodec,
  openTraceStore,
  openTraceStoreReadOnly,
  type StoredTrace,
  type StoredTraces,
  TraceStoreError,
} from '../../observers/store/index.js';
import { Serializers } from '../../wire/serializers/index.js';
import { TraceFailure } from './failure.js';
import { type AnyRecord, type Place, type RecordSource, type TraceSummary, unknownTrace } from './records.js';

const PAGE = 10_000;
/** Where `store` puts the traces in the folder of a configuration unless it is told otherwise. */
const DEFAULT_NAME = 'traces';

const serializers = new Serializers();
const codec: FindCodec = name => serializers[name];

/** `place` chooses among traces of one id. @throws TraceFailure */
export async function openStoreSource(asked: string, place: Place): Promise<RecordSource> {
  const inside = join(asked, DEFAULT_NAME);
  const isInside = !existsSync(join(asked, 'traces.mdb')) && existsSync(join(inside, 'traces.mdb'));
  const directory = isInside ? inside : asked;
  return new StoreSource(
    directory,
    told(() => openTraceStoreReadOnly(directory, codec)),
    place,
  );
}

class StoreSource implements RecordSource {
  readonly #directory: string;
  readonly #store: StoredTraces;
  #isClosed = false;
  readonly #place: Place;

  constructor(directory: string, store: StoredTraces, place: Place) {
    this.#directory = directory;
    this.#store = store;
    this.#place = place;
  }

  async list(): Promise<TraceSummary[]> {
    return this.#list().map(summary);
  }

  #list(): StoredTrace[] {
    const { node, worker } = this.#place;
    const traces = told(() => this.#store.list());
    return traces.filter(trace => (node ?? trace.node) === trace.node && (worker ?? trace.worker) === trace.worker);
  }

  async get(id: string): Promise<TraceSummary> {
    return summary(this.#find(id));
  }

  #find(id: string): StoredTrace {
    const traces = this.#list();
    const found = traces.filter(({ traceId, persistentId }) => traceId === id || persistentId === id);
    if (found.length === 1) return found[0]!;
    if (found.length === 0) throw new TraceFailure(unknownTrace(id, traces.map(summary)));
    const ids = found.map(({ worker, persistentId }) => `\n  ${persistentId}  worker ${worker}`).join('');
    throw new TraceFailure(`there are ${found.length} traces "${id}"; say which by its persistent id:${ids}`);
  }

  async *records(id: string, from: number, limit: number): AsyncIterable<AnyRecord> {
    const { persistentId, persistedSeq, origin } = this.#find(id);
    let next = from;
    let left = limit;
    while (left > 0) {
      const page = told(() => this.#store.read(persistentId, next, persistedSeq, Math.min(PAGE, left)));
      for (const record of page) yield traceRecord(storedRecord(record), origin) as unknown as AnyRecord;
      if (page.length === 0) return;
      left -= page.length;
      next = page.at(-1)!.seq + 1;
    }
  }

  async delete(id: string): Promise<void> {
    const { persistentId } = this.#find(id);
    // In one process a store that was opened for reading cannot be opened for writing.
    await this.close();
    // What goes wrong is told by `delete`.
    const store = openTraceStore(this.#directory, { serializers: codec }, { warn: () => {} });
    try {
      await store.delete(persistentId);
    } catch (error) {
      if (!(error instanceof TraceStoreError)) throw error;
      const isOwned = /writes to this trace store/.test(error.message);
      const hint = isOwned ? '; without --data the router deletes it' : '';
      throw new TraceFailure(`cannot delete ${id} in ${this.#directory}: ${error.message}${hint}`);
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#store.close();
  }
}

function summary(stored: StoredTrace): TraceSummary {
  const { firstSeq, persistedSeq, started, ended } = stored;
  return {
    id: stored.traceId,
    node_id: stored.node,
    worker_id: stored.worker,
    persistent_id: stored.persistentId,
    status: stored.status,
    stopped_reason: stored.stopReason,
    started: isoTime(started)!,
    ended: isoTime(ended ?? undefined),
    // Seconds.
    runtime: ended === null ? null : (ended - started) / 1000,
    options: stored.options as TraceSummary['options'],
    first_seq: firstSeq,
    next_seq: persistedSeq + 1,
    dropped: firstSeq + stored.lost,
    persisted_seq: persistedSeq < firstSeq ? null : persistedSeq,
    persist_error: stored.fault,
  };
}

/** Runs what the store can refuse. */
function told<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TraceStoreError || (error as Error).name === 'RecordBlockError') {
      throw new TraceFailure(`--data: ${(error as Error).message}`);
    }
    throw error;
  }
}
