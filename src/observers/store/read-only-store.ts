/** Owns reading a store from another process, while a router writes it and while none does. */

import type { LoggedMessage } from '../logged-message.js';
import type { FindCodec } from './block-reader.js';
import { Database } from './database.js';
import { isAlive } from './owner.js';
import { reasonOf, type StoredTrace, TraceStoreError } from './stored-trace.js';
import type { StoredTraces } from './trace-store.js';

class ReadOnlyTraceStore implements StoredTraces {
  readonly #database: Database;
  readonly #serializers: FindCodec;

  constructor(database: Database, serializers: FindCodec) {
    this.#database = database;
    this.#serializers = serializers;
  }

  list(): StoredTrace[] {
    const owner = this.#database.owner;
    const traces = this.#database.list();
    if (owner && isAlive(owner)) return traces;
    // The next router will write that down.
    return traces.map(trace => {
      if (trace.status !== 'running') return trace;
      const [last] = this.read(trace.persistentId, trace.persistedSeq, trace.persistedSeq, 1);
      return { ...trace, status: 'interrupted', ended: last?.at ?? trace.started };
    });
  }

  read(persistentId: string, fromSeq: number, toSeq: number, limit: number): LoggedMessage[] {
    return this.#database.read(persistentId, fromSeq, toSeq, limit, this.#serializers);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** @throws TraceStoreError when there is no store, or when it cannot be read. */
export function openTraceStoreReadOnly(directory: string, serializers: FindCodec): StoredTraces {
  try {
    return new ReadOnlyTraceStore(Database.openReadOnly(directory), serializers);
  } catch (error) {
    throw error instanceof TraceStoreError ? error : new TraceStoreError(`${directory}: ${reasonOf(error)}`);
  }
}
