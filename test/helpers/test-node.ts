/** Owns a node on ports of the system's choice, with sessions of test clients, for tests. */

import type { TestContext } from 'node:test';
import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import { CLIENT_ROLES, Client } from './client.js';
import { CODECS } from './codecs.js';
import { dialRawSocket, dialWebSocket, type LinkKind } from './links.js';

const ALL = { call: true, register: true, publish: true, subscribe: true };
const EVERYTHING = [{ uri: '', match: 'prefix', allow: ALL }];

export interface TestNode {
  readonly node: Node;
  readonly port: number;
  /** Of the management listener. */
  readonly url: string;
  readonly lines: readonly string[];
  join(kind?: Exclude<LinkKind, 'memory'>, serializer?: SerializerName, realm?: string): Promise<Client>;
}

/** `stats` are those of both realms, `realm1` and `realm2`. */
export async function startNode(
  t: TestContext,
  {
    http = {},
    stats,
    realms = ['realm1', 'realm2'],
    permissions = EVERYTHING,
  }: { http?: object; stats?: object; realms?: readonly string[]; permissions?: readonly object[] } = {},
): Promise<TestNode> {
  const config = {
    version: 2,
    controller: { id: 'node7' },
    workers: [
      {
        type: 'router',
        id: 'worker7',
        realms: realms.map(name => ({ name, roles: [{ name: 'anonymous', permissions }], ...(stats && { stats }) })),
        transports: [
          {
            type: 'universal',
            endpoint: { type: 'tcp', interface: '127.0.0.1', port: 0 },
            rawsocket: {},
            websocket: { ws: {} },
          },
        ],
      },
    ],
    wampscope: { http: { port: 0, ...http } },
  };
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
  const node = new Node(parseConfig(JSON.stringify(config), 'json', 'test', { environment: {} }).config, {
    env: {},
    log,
  });
  const clients: Client[] = [];
  t.after(async () => {
    for (const client of clients) client.wire.destroy();
    await node.stop();
  });
  await node.start();
  const said = lines.join('\n');
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said)![1]);
  const url = /(http:\S+)\/metrics/.exec(said)![1]!;
  const join: TestNode['join'] = async (kind = 'rawsocket', serializer = 'json', realm = 'realm1') => {
    const dial = kind === 'ws' ? dialWebSocket : dialRawSocket;
    const client = new Client(`client ${clients.length + 1}`, await dial(port, serializer), CODECS[serializer]);
    clients.push(client);
    await client.hello(realm, { roles: CLIENT_ROLES });
    return client;
  };
  return { node, port, url, lines, join };
}
