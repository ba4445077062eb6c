/** Owns a node without listeners whose actions are traced through the real API, and the stories that its records tell. */

import assert from 'node:assert/strict';
import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import { TestClient } from '../trace/observed.js';

interface TraceRecord {
  readonly seq: number;
  readonly ts: number;
  readonly direction: 'rx' | 'tx';
  readonly msg_type: string;
  readonly session_id: number | null;
  readonly correlation: string | null;
  readonly correlation_is_anchor: boolean;
  readonly correlation_is_last: boolean;
  readonly late?: boolean;
  readonly internal?: boolean;
  readonly msg: readonly unknown[];
}

const AT = ['wampscope', 'worker001'] as const;
const ALL = { call: true, register: true, publish: true, subscribe: true };
const CALLEE = { callee: { features: { call_canceling: true, progressive_call_results: true } } };
const CONFIG = (stats: object | undefined): object => ({
  version: 2,
  workers: [
    {
      type: 'router',
      realms: [
        {
          name: 'realm1',
          roles: [
            {
              name: 'anonymous',
              permissions: [
                { uri: '', match: 'prefix', allow: ALL },
                { uri: 'com.denied', match: 'prefix', allow: {} },
              ],
            },
          ],
          ...(stats && { stats }),
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
});

/** Types by which a message names who it is about. */
const NAMED = ['Publish', 'Error'];

export class TracedNode {
  readonly #node: Node;
  readonly #management: TestClient;
  readonly #names = new Map<number, string>();

  private constructor(node: Node) {
    this.#node = node;
    this.#management = new TestClient(node.workers[0]!.router);
  }

  static async start(stats?: object): Promise<TracedNode> {
    const { config } = parseConfig(JSON.stringify(CONFIG(stats)), 'json', 'sequences.json', { environment: {} });
    const silent = { ...config, workers: config.workers.map(worker => ({ ...worker, transports: [] })) };
    const node = new Node(silent, { env: {}, log: { info: () => {}, warn: text => assert.fail(text) } });
    node.startManagement();
    const traced = new TracedNode(node);
    await traced.#management.send([1, 'com.wampscope.management', { roles: { caller: {} } }]);
    return traced;
  }

  /** A session in realm1, which stories call by its name. */
  async join(name: string, roles: unknown = CALLEE): Promise<TestClient> {
    const client = new TestClient(this.#node.workers[0]!.router);
    await client.send([1, 'realm1', { roles }]);
    this.#names.set(client.id, name);
    return client;
  }

  /** Ends a session as `wamp.session.kill` does. */
  kill(client: TestClient): void {
    this.#node.workers[0]!.router.realm('realm1')!.sessions.get(client.id)!.goodbye('wamp.close.killed', undefined);
  }

  async #call(name: string, ...args: unknown[]): Promise<unknown> {
    await this.#management.request([48, undefined, {}, `crossbarfabriccenter.${name}`, [...AT, ...args]]);
    const [code, , , result] = this.#management.last;
    assert.equal(code, 50, JSON.stringify(this.#management.last));
    return (result as unknown[])[0];
  }

  /** From now on everything is recorded, the router's own sessions too. */
  async trace(): Promise<void> {
    await this.#call('start_trace', 't', { internal: true });
  }

  /**
   * One line a record, such as `1 rx Call A anchor`: the action, counted in order of appearance (`-`: none), direction,
   * type, whose it is (S: the router's own session), and its marks. Fails when records are not what all must be.
   */
  async story(): Promise<string[]> {
    const records = (await this.#call('get_trace_data', 't', 0, null, 10_000)) as TraceRecord[];
    const actions = [...new Set(records.map(record => record.correlation).filter(id => id !== null))];
    records.forEach((record, i) => {
      assert.equal(record.seq, i);
      assert.ok(i === 0 || record.ts >= records[i - 1]!.ts);
    });
    for (const id of actions) {
      const own = records.filter(record => record.correlation === id);
      assert.deepEqual(
        own.filter(record => record.correlation_is_anchor),
        own.slice(0, 1),
        'one anchor, the first',
      );
      const timely = own.filter(record => !record.late);
      assert.deepEqual(
        own.filter(record => record.correlation_is_last),
        timely.slice(-1),
        'one last, after which there are only late ones',
      );
    }
    return records.map(record => {
      const action = record.correlation === null ? '-' : actions.indexOf(record.correlation) + 1;
      const name = record.internal ? 'S' : (this.#names.get(record.session_id!) ?? '?');
      const uri = NAMED.includes(record.msg_type) ? record.msg.find(part => typeof part === 'string') : undefined;
      const marks = [
        record.correlation_is_anchor && 'anchor',
        record.correlation_is_last && 'last',
        record.late && 'late',
      ];
      return [action, record.direction, record.msg_type, name, uri, ...marks].filter(Boolean).join(' ');
    });
  }

  async close(): Promise<void> {
    await this.#node.stop();
  }
}
