/** Owns a node that runs inside the test, on ports of the system's choice. */

import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';

const permit = { call: true, register: true, publish: true, subscribe: true };

function configuration(pipeline: string, telemetry: object): object {
  const permissions = [
    { uri: '', match: 'prefix', allow: permit },
    { uri: 'com.denied.', match: 'prefix', allow: { subscribe: true } },
  ];
  const stats = {
    rated_message_size: 256,
    trigger_after_rated_messages: 10,
    trigger_after_duration: 0,
    trigger_on_join: true,
    trigger_on_leave: true,
  };
  return {
    version: 2,
    controller: { id: 'node1' },
    workers: [
      {
        type: 'router',
        id: 'worker1',
        realms: [{ name: 'realm1', roles: [{ name: 'anonymous', permissions }], stats }],
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
    wampscope: { management: {}, http: { port: 0 }, telemetry: { pipeline, ...telemetry } },
  };
}

export interface RouterNode {
  readonly node: Node;
  /** Of WebSocket and RawSocket. */
  readonly port: number;
  readonly metricsUrl: string;
  /** What it had to complain about. */
  readonly warnings: string[];
  /** Everything else it said. */
  readonly lines: readonly string[];
}

export async function startRouterNode(
  pipeline: string,
  env: NodeJS.ProcessEnv,
  telemetry: object = {},
): Promise<RouterNode> {
  const written = JSON.stringify(configuration(pipeline, telemetry));
  const { config } = parseConfig(written, 'json', 'e2e.json', { environment: {} });
  const lines: string[] = [];
  const warnings: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void warnings.push(line) };
  const node = new Node(config, { env, log });
  await node.start();
  const said = lines.join('\n');
  return {
    node,
    port: Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said)![1]),
    metricsUrl: /http:\S+\/metrics/.exec(said)![0],
    warnings,
    lines,
  };
}
