/** Owns a node with metrics for one test, its clients in memory, and the reading of what it exposes. */

import type { TestContext } from 'node:test';
import { parseConfig } from '../../../src/node/config/load.js';
import { Node } from '../../../src/node/node.js';
import { type DetailedQuery, type Metrics, wholeOf } from '../../../src/observers/metrics/index.js';
import { parseMetrics } from '../../e2e/prometheus.js';
import { Client } from '../../helpers/client.js';
import { CODECS } from '../../helpers/codecs.js';
import { memoryWire } from '../../helpers/links.js';

const permissions = [
  { uri: '', match: 'prefix', allow: { call: true, register: true, publish: true, subscribe: true } },
  { uri: 'wamp.session.kill', match: 'prefix', allow: { call: true } },
];
const roles = [{ name: 'anonymous', permissions }];

export interface MeteredNode {
  readonly node: Node;
  readonly metrics: Metrics;
  join(realm?: string): Promise<Client>;
  /** A connection without a session. */
  dial(): Client;
  /** Values by name and labels. */
  read(): Promise<Map<string, number>>;
  detailed(query: Partial<DetailedQuery>): Promise<Map<string, number>>;
}

export interface MeteredOptions {
  readonly metrics?: object;
  readonly http?: object | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly limits?: object;
}

export function nodeOf(options: MeteredOptions, warnings: string[] = []): Node {
  const { metrics = {}, http = { port: 0 }, env = {}, limits = {} } = options;
  const config = {
    version: 2,
    workers: [
      {
        type: 'router',
        realms: [
          { name: 'realm1', roles, stats: {} },
          { name: 'realm2', roles },
        ],
      },
    ],
    wampscope: { ...('http' in options && !options.http ? {} : { http }), metrics, limits },
  };
  const parsed = parseConfig(JSON.stringify(config), 'json', 'metrics.json', { environment: {} });
  return new Node(parsed.config, { env, log: { info: () => {}, warn: line => void warnings.push(line) } });
}

/** Starts it, and stops it after the test. */
export async function meteredNode(t: TestContext, options: MeteredOptions = {}): Promise<MeteredNode> {
  const node = nodeOf(options);
  await node.start();
  const clients: Client[] = [];
  t.after(async () => {
    for (const client of clients) client.wire.close();
    await node.stop();
  });
  const { router } = node.workers[0]!;
  const dial = (): Client => {
    const peer = router.connect('json', { auth: { anonymous: { role: 'anonymous' } } });
    const client = new Client('client', memoryWire(peer), CODECS.json);
    clients.push(client);
    return client;
  };
  const metrics = node.metrics!;
  return {
    node,
    metrics,
    dial,
    join: async (realm = 'realm1') => {
      const client = dial();
      await client.hello(realm);
      return client;
    },
    read: async () => parseMetrics(await wholeOf(metrics.page().body)),
    detailed: async query =>
      parseMetrics(
        await wholeOf(
          metrics.detailed({ family: 'session', limit: 100, realm: undefined, match: undefined, ...query }).body,
        ),
      ),
  };
}

/** The values of one metric, by its labels: `realm="realm1"`. */
export function valuesOf(metrics: ReadonlyMap<string, number>, name: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [key, value] of metrics) {
    if (key === name) found[''] = value;
    else if (key.startsWith(`${name}{`)) found[key.slice(name.length + 1, -1)] = value;
  }
  return found;
}

/** Turns of the event loop, in which what was sent is handled and turns end. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await new Promise(resolve => setImmediate(resolve));
}
