/** Owns a node without listeners that stores its traces, and what is asked of its API. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import { TestClient } from '../trace/observed.js';

export interface TraceObject {
  readonly id: string;
  readonly persistent_id: string | null;
  readonly status: string;
  readonly stopped_reason: string | null;
  readonly started: string;
  readonly ended: string | null;
  readonly first_seq: number;
  readonly next_seq: number;
  readonly dropped: number;
  readonly persisted_seq: number | null;
  readonly persist_error: string | null;
  readonly options: { readonly persist: boolean };
}

export interface ApiRecord {
  readonly seq: number;
  readonly msg_type: string;
  readonly correlation: string | null;
  readonly trace_id: string | null;
  readonly span_id: string | null;
  readonly correlation_is_last: boolean;
  readonly uri: string | null;
  readonly msg: readonly unknown[];
}

export class ApiError extends Error {
  readonly uri: string;

  constructor(uri: string, message: string) {
    super(message);
    this.uri = uri;
  }
}

const ALL = { call: true, register: true, publish: true, subscribe: true };
const WAIT_MS = 10_000;

function configuration(store: object | undefined): object {
  const realms = [
    { name: 'realm1', roles: [{ name: 'anonymous', permissions: [{ uri: '', match: 'prefix', allow: ALL }] }] },
  ];
  const endpoint = { type: 'tcp', interface: '127.0.0.1', port: 0 };
  const transports = [{ type: 'web', endpoint, paths: { ws: { type: 'websocket' } } }];
  const workers = ['worker1', 'worker2'].map((id, i) => ({
    type: 'router',
    id,
    realms: i === 0 ? realms : [],
    transports: i === 0 ? transports : [],
  }));
  return {
    version: 2,
    controller: { id: 'node1' },
    workers,
    wampscope: { management: {}, ...(store && { store }) },
  };
}

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wampscope.persist-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export class PersistingNode {
  readonly node: Node;
  readonly warnings: string[];
  readonly #management: TestClient;

  private constructor(node: Node, warnings: string[]) {
    this.node = node;
    this.warnings = warnings;
    this.#management = new TestClient(node.workers[0]!.router);
  }

  /** Without `store` the configuration names none; without `env` no spans are exported. */
  static async start(store: object | undefined, env: NodeJS.ProcessEnv = {}): Promise<PersistingNode> {
    const { config } = parseConfig(JSON.stringify(configuration(store)), 'json', 'test.json', { environment: {} });
    const silent = { ...config, workers: config.workers.map(worker => ({ ...worker, transports: [] })) };
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (text: string) => void warnings.push(text) };
    const node = new Node(silent, { env, log });
    await node.start();
    const started = new PersistingNode(node, warnings);
    await started.#management.send([1, 'com.wampscope.management', { roles: { caller: {} } }]);
    return started;
  }

  async join(): Promise<TestClient> {
    const client = new TestClient(this.node.workers[0]!.router);
    await client.send([1, 'realm1', { roles: { caller: {}, callee: {}, publisher: {}, subscriber: {} } }]);
    assert.equal(client.last[0], 2);
    return client;
  }

  /** What `get_status` tells. */
  status<T>(): Promise<T> {
    return this.#ask('remote.node.get_status', ['node1']);
  }

  /** Calls `crossbarfabriccenter.<name>` for the first worker. */
  async call<T>(name: string, ...args: unknown[]): Promise<T> {
    return this.callAt('worker1', name, ...args);
  }

  callAt<T>(worker: string, name: string, ...args: unknown[]): Promise<T> {
    return this.#ask(name, ['node1', worker, ...args]);
  }

  async #ask<T>(name: string, args: unknown[]): Promise<T> {
    const request = await this.#management.request([48, undefined, {}, `crossbarfabriccenter.${name}`, args]);
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await tick()) {
      const { last } = this.#management;
      if (last[0] === 50 && last[1] === request) return (last[3] as [T])[0];
      if (last[0] === 8 && last[2] === request) throw new ApiError(String(last[4]), String((last[5] as unknown[])[0]));
    }
    return assert.fail(`no answer to ${name}`);
  }

  trace(id = 't'): Promise<TraceObject> {
    return this.call('get_trace', id);
  }

  /** Waits until the trace object is as wanted. */
  async until(wanted: (trace: TraceObject) => boolean, id = 't'): Promise<TraceObject> {
    let trace = await this.trace(id);
    for (const end = Date.now() + WAIT_MS; !wanted(trace); trace = await this.trace(id)) {
      if (Date.now() > end) assert.fail(`still ${JSON.stringify(trace)}`);
      await tick();
    }
    return trace;
  }

  /** Waits until all records there are outlive the process. */
  persisted(id = 't'): Promise<TraceObject> {
    return this.until(trace => trace.persisted_seq === trace.next_seq - 1, id);
  }

  records(id = 't', from = 0, to: number | null = null, limit = 10_000): Promise<ApiRecord[]> {
    return this.call('get_trace_data', id, from, to, limit);
  }

  async stop(): Promise<void> {
    await this.node.stop();
  }
}

function tick(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 5));
}
