/** Owns records and stores for the tests of the trace store. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Flag, type LoggedSession } from '../../../src/observers/logged-message.js';
import { type BlockRow, RecordBlockWriter } from '../../../src/observers/record-block.js';
import {
  openTraceStore,
  type TraceMeta,
  type TraceStore,
  type TraceStoreOptions,
} from '../../../src/observers/store/index.js';
import { Serializers } from '../../../src/wire/serializers/index.js';
import type { SerializerName } from '../../../src/wire/serializers/serializer.js';

const codecs = new Serializers();
export const serializers = (name: SerializerName) => codecs[name];

const session: LoggedSession = {
  id: 2 ** 52 + 1,
  realm: 'com.realm',
  authid: 'joe',
  authrole: 'user',
  serializer: 'json',
  internal: false,
};
const correlation = Int32Array.of(1, 2, 3, 4);
const trace = Int32Array.of(5, 6, 7, 8);

/** Lately: what is older than a week goes by itself. */
export const NOW = Date.now();

/** A row whose request and payload tell its number. */
export function row(seq: number, at = NOW + seq): BlockRow {
  return {
    at,
    frame: 3 * seq,
    session,
    flags: Flag.KNOWN,
    code: 48,
    first: seq,
    second: 0,
    messageUri: 'com.example.add',
    options: {},
    uri: 'com.example.add',
    correlation,
    trace,
    bytes: 180,
    payload: codecs.json.encodePayload([seq, 'x'.repeat(130)], undefined),
    payloadCount: 1,
    payloadSerializer: 'json',
  };
}

export function meta(started = NOW): TraceMeta {
  const options = { trace_app_payload: true };
  return {
    persistentId: randomUUID(),
    traceId: 'trace1',
    node: 'node1',
    worker: 'worker1',
    options,
    started,
    origin: started - 1000,
  };
}

/** Stores of each test: they are closed before their directory goes. */
const opened = new WeakMap<TestContext, TraceStore[]>();

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wampscope.store-'));
  t.after(async () => {
    await closeStores(t);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

export async function closeStores(t: TestContext): Promise<void> {
  for (const store of opened.get(t) ?? []) await store.close();
}

/** A store with what it told, closed when the test's directory goes. */
export class WatchedStore {
  readonly store: TraceStore;
  readonly warnings: string[] = [];
  readonly faults: [persistentId: string, reason: string][] = [];
  readonly persisted = new Map<string, number>();
  readonly trimmed = new Map<string, number>();

  constructor(t: TestContext, directory: string, options: Partial<TraceStoreOptions> = {}) {
    this.store = openTraceStore(
      directory,
      {
        serializers,
        onPersisted: (id, seq) => this.persisted.set(id, seq),
        onFault: (id, reason) => this.faults.push([id, reason]),
        onTrimmed: (id, firstSeq) => this.trimmed.set(id, firstSeq),
        ...options,
      },
      { warn: message => this.warnings.push(message) },
    );
    opened.set(t, [...(opened.get(t) ?? []), this.store]);
  }
}

/** Hands over records `from` to `to` - 1 in blocks of `size`; how many blocks were taken. */
export function feed(
  store: TraceStore,
  persistentId: string,
  from: number,
  to: number,
  size = 256,
  at?: number,
): number {
  const writer = new RecordBlockWriter(from);
  let taken = 0;
  for (let seq = from; seq < to; seq++) {
    const isFull = writer.add(row(seq, at));
    if (isFull || writer.count === size || seq === to - 1) {
      if (store.append(persistentId, writer.take()!)) taken++;
    }
  }
  return taken;
}
