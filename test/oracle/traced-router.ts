/** Owns a node on a port of its own, and the management connection that starts, stops and reads its traces. */

import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import { type Message, RawClient } from '../e2e/raw-client.js';

/** A record of level `message`, as far as the oracle looks at it. */
export interface MessageRecord {
  readonly seq: number;
  readonly ts: number;
  readonly direction: 'rx' | 'tx';
  readonly msg_type: string;
  readonly realm: string;
  readonly session_id: number;
  readonly authid: string;
  readonly authrole: string;
  readonly correlation: string | null;
  readonly uri: string | null;
  readonly correlation_uri: string | null;
  readonly correlation_is_anchor: boolean;
  readonly correlation_is_last: boolean;
  readonly serializations: { readonly [serializer: string]: number };
  readonly bytes: number;
  readonly msg: readonly unknown[];
  readonly payload_omitted?: boolean;
  readonly dropped?: boolean;
  readonly late?: boolean;
}

/** A record of level `action`, as far as the oracle looks at it. */
export interface ActionRecord {
  readonly seq: number;
  readonly ts: number;
  readonly duration: number;
  readonly action: string;
  readonly correlation: string;
  readonly uri: string;
  readonly originator: number;
  readonly responders: readonly { readonly session_id: number }[];
  readonly messages: number;
  readonly outcome: string;
  readonly error: string | null;
}

interface TraceObject {
  readonly status: string;
  readonly first_seq: number;
  readonly next_seq: number;
  readonly dropped: number;
}

const ALL = { call: true, register: true, publish: true, subscribe: true };
const CONFIG = {
  version: 2,
  controller: { id: 'node1' },
  workers: [
    {
      type: 'router',
      id: 'worker1',
      realms: [
        {
          name: 'realm1',
          roles: [
            {
              name: 'anonymous',
              permissions: [
                { uri: '', match: 'prefix', allow: ALL },
                { uri: 'wamp.session.kill', match: 'prefix', allow: ALL },
                { uri: 'org.denied.', match: 'prefix', allow: {} },
              ],
            },
          ],
        },
      ],
      transports: [
        {
          type: 'universal',
          endpoint: { type: 'tcp', interface: '127.0.0.1', port: 0 },
          rawsocket: {},
          websocket: { ws: { type: 'websocket' } },
        },
      ],
    },
  ],
  wampscope: { management: {} },
};

export class TracedRouter {
  /** What it had to complain about. */
  readonly warnings: string[];
  readonly port: number;
  readonly #node: Node;
  readonly #management: RawClient;
  /** The first ERROR that the management connection gets; nothing goes on after it. */
  readonly #failure: Promise<Message>;
  #request = 0;

  private constructor(node: Node, port: number, management: RawClient, warnings: string[]) {
    this.#node = node;
    this.port = port;
    this.#management = management;
    this.#failure = management.next(8);
    this.warnings = warnings;
  }

  static async start(): Promise<TracedRouter> {
    const { config } = parseConfig(JSON.stringify(CONFIG), 'json', 'oracle.json', { environment: {} });
    const lines: string[] = [];
    const warnings: string[] = [];
    const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void warnings.push(line) };
    const node = new Node(config, { env: {}, log });
    await node.start();
    const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(lines.join('\n'))![1]);
    const url = `ws://127.0.0.1:${port}/ws`;
    return new TracedRouter(
      node,
      port,
      await RawClient.join(url, 'com.wampscope.management', { caller: {} }),
      warnings,
    );
  }

  /** Connections other than the management one. */
  get connections(): number {
    return this.#node.workers[0]!.router.connections - 1;
  }

  /** Actions that the router believes to be going on. */
  get openActions(): number {
    return this.#node.workers[0]!.observatory.correlator.openActions;
  }

  async #call(name: string, ...args: unknown[]): Promise<unknown> {
    this.#management.send([48, ++this.#request, {}, `crossbarfabriccenter.${name}`, ['node1', 'worker1', ...args]]);
    const reply = await Promise.race([this.#management.next(50), this.#failure]);
    if (reply[0] === 50) return (reply[3] as unknown[])[0];
    throw new Error(`${name}: ${JSON.stringify(reply)}`);
  }

  async startTrace(id: string, options: object): Promise<void> {
    await this.#call('start_trace', id, { max_records: 1 << 20, ...options });
  }

  /** Stops it and reads all of it, page by page. */
  async readTrace<Record extends { readonly seq: number }>(id: string): Promise<Record[]> {
    const before = (await this.#call('get_trace', id)) as TraceObject;
    if (before.status !== 'running') throw new Error(`trace ${id} stopped by itself: ${JSON.stringify(before)}`);
    const trace = (await this.#call('stop_trace', id)) as TraceObject;
    if (trace.dropped > 0) throw new Error(`trace ${id} dropped records: ${JSON.stringify(trace)}`);
    const records: Record[] = [];
    while (records.length < trace.next_seq) {
      const page = (await this.#call('get_trace_data', id, records.length, null, 10_000)) as Record[];
      if (page.length === 0) throw new Error(`trace ${id} ends at ${records.length}, not at ${trace.next_seq}`);
      records.push(...page);
    }
    return records;
  }

  async stop(): Promise<void> {
    this.#management.drop();
    await this.#node.stop();
  }
}
