/** Owns a router with traffic for those who want to look at dashboards: `node build/test/dashboards/run-traffic.js PORT`. */

import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import { configuration, Traffic } from './traffic.js';

const port = Number(process.argv[2] ?? 18080);
const { config } = parseConfig(JSON.stringify(configuration(port, port + 1)), 'json', 'traffic', { environment: {} });
const node = new Node(config, { env: process.env, log: { info: console.log, warn: console.error } });
await node.start();
const traffic = new Traffic(port);
await traffic.start();
process.on('SIGTERM', () => void traffic.stop().then(() => process.exit()));
