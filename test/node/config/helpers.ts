/** Owns what the tests of the configuration share: a plain node to change, and ways to load it. */

import { fileURLToPath } from 'node:url';
import type { Environment } from '../../../src/node/config/environment.js';
import { checkSource, type Loaded } from '../../../src/node/config/load.js';
import { ConfigError, type Path } from '../../../src/node/config/problem.js';
import { sourceOf } from '../../../src/node/config/source.js';

const EXAMPLES = new URL('../../../../examples/config/', import.meta.url);

export function example(name: string): string {
  return fileURLToPath(new URL(name, EXAMPLES));
}

/** A node without errors and warnings. */
export function plainNode(): Record<string, unknown> {
  return {
    version: 2,
    controller: {},
    workers: [
      {
        type: 'router',
        realms: [
          {
            name: 'realm1',
            roles: [{ name: 'anonymous', permissions: [{ uri: '', match: 'prefix', allow: { call: true } }] }],
            options: {},
            stats: {},
          },
        ],
        transports: [
          {
            type: 'websocket',
            endpoint: { type: 'tcp', interface: '127.0.0.1', port: 8080 },
            auth: {
              anonymous: { type: 'static' },
              ticket: { type: 'static', principals: { joe: { ticket: 'joes-ticket', role: 'anonymous' } } },
            },
          },
          { type: 'rawsocket', endpoint: { type: 'unix', path: 'wamp.sock' } },
          {
            type: 'web',
            endpoint: { type: 'tcp', interface: '127.0.0.1', port: 8081 },
            paths: { ws: { type: 'websocket' } },
          },
          {
            type: 'universal',
            endpoint: { type: 'tcp', interface: '127.0.0.1', port: 8082 },
            rawsocket: {},
            websocket: { ws: { type: 'websocket' } },
            web: { paths: { other: { type: 'websocket' } } },
          },
        ],
      },
    ],
    wampscope: {},
  };
}

/** `workers[0].realms[0].name` as a path. */
export function steps(path: string): (string | number)[] {
  return path
    .split(/[.[\]]+/)
    .filter(step => step !== '')
    .map(step => (/^\d+$/.test(step) ? Number(step) : step));
}

/** A copy with the value at `path` replaced, or removed when it is undefined. Missing objects on the way are made. */
export function withAt(node: unknown, path: Path, value: unknown): unknown {
  const copy = structuredClone(node) as Record<string | number, unknown>;
  let inner = copy;
  for (const step of path.slice(0, -1)) {
    inner[step] ??= {};
    inner = inner[step] as Record<string | number, unknown>;
  }
  const last = path.at(-1)!;
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  return copy;
}

export function load(value: unknown, environment: Environment = {}): Loaded {
  return checkSource(sourceOf(value), 'test', { environment });
}

/** What loading says: never throws a ConfigError. */
export function verdict(value: unknown, environment: Environment = {}): Pick<ConfigError, 'problems' | 'warnings'> {
  return outcome(() => load(value, environment));
}

export function outcome(loading: () => Loaded): Pick<ConfigError, 'problems' | 'warnings'> {
  try {
    return { problems: [], warnings: loading().warnings };
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
