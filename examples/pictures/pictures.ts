/** Owns `npm run pictures`: a router and real clients, their traces from Jaeger, and a drawing of each in docs/spans. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import { draw } from './draw.js';
import { Jaeger } from './jaeger.js';
import { PICTURES, PING_MS, play, TICKET } from './scenes.js';

const HELP = `npm run pictures -- [--jaeger URL] [--otlp URL] [--into FOLDER]

  --jaeger URL   of Jaeger's query API, default http://127.0.0.1:16686
  --otlp URL     where Jaeger, or a collector before it, takes OTLP over HTTP, default http://127.0.0.1:4318
  --into FOLDER  for the drawings, default docs/spans
`;
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

function configuration(): object {
  const all = { call: true, register: true, publish: true, subscribe: true };
  const permissions = [{ uri: 'com.example.', match: 'prefix', allow: all }];
  const auth = {
    anonymous: { type: 'static', role: 'public' },
    ticket: { type: 'static', principals: { [TICKET.authid]: { ticket: TICKET.ticket, role: 'user' } } },
  };
  const webSocket = { type: 'websocket', auth, options: { auto_ping_interval: PING_MS, auto_ping_timeout: 30_000 } };
  const roles = ['public', 'user'].map(name => ({ name, permissions }));
  return {
    version: 2,
    workers: [
      {
        type: 'router',
        realms: [{ name: 'realm1', roles }],
        transports: [
          { type: 'web', endpoint: { type: 'tcp', interface: '127.0.0.1', port: 0 }, paths: { ws: webSocket } },
        ],
      },
    ],
    wampscope: { limits: { send_queue_bytes: 1 << 20 } },
  };
}

async function perform(otlp: string, service: string): Promise<void> {
  const { config } = parseConfig(JSON.stringify(configuration()), 'json', 'pictures', { environment: {} });
  const lines: string[] = [];
  const log = {
    info: (line: string): void => void lines.push(line),
    warn: (line: string): void => void process.stderr.write(`${line}\n`),
  };
  const node = new Node(config, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: otlp, OTEL_SERVICE_NAME: service }, log });
  try {
    await node.start();
    await within(PATIENCE_MS, play(/ws:\S+/.exec(lines.join('\n'))![0]));
  } finally {
    await node.stop();
  }
}

const PATIENCE_MS = 90_000;

async function within(limit: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`The clients were not done within ${limit / 1000} s`)), limit);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

async function main(args: string[]): Promise<number> {
  let options: { jaeger?: string; otlp?: string; into?: string };
  try {
    const string = { type: 'string' } as const;
    options = parseArgs({ args, options: { jaeger: string, otlp: string, into: string } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  const { jaeger: url = 'http://127.0.0.1:16686', otlp = 'http://127.0.0.1:4318', into } = options;
  const folder = into ?? join(ROOT, 'docs/spans');
  // Jaeger may know other routers, and earlier runs.
  const service = `wampscope-pictures-${Date.now().toString(36)}`;
  await perform(otlp, service);
  const jaeger = new Jaeger(url, service);
  mkdirSync(folder, { recursive: true });
  for (const [name, question] of Object.entries(PICTURES)) {
    writeFileSync(join(folder, `${name}.svg`), draw(await jaeger.find(question)));
    process.stdout.write(`${join(folder, `${name}.svg`)}\n`);
  }
  return 0;
}

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n\n${HELP}`);
    process.exit(1);
  },
);
