/** Owns who listens where in docker-compose.yml: what addresses in configurations must agree with. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HTTP_PORT, ROUTER_PORT } from '../../src/node/config/ports.js';
import { type Compose, ROOT } from './compose.js';

/** Ports that no configuration of ours gives, but the program's own default. */
const DEFAULT_PORTS: Readonly<Record<string, readonly number[]>> = {
  router: [ROUTER_PORT, HTTP_PORT],
  prometheus: [9090],
  grafana: [3000],
};

/** Ports by service. */
export function listeners({ services }: Compose): Map<string, Set<number>> {
  return new Map(
    [...services.values()].map(({ name, environment }) => {
      const ports = new Set(DEFAULT_PORTS[name]);
      for (const [key, value] of Object.entries(environment)) {
        const own = key === 'METRICS_PORT' ? value : /^0\.0\.0\.0:(\d+)$/.exec(value)?.[1];
        if (own) ports.add(Number(own));
      }
      return [name, ports];
    }),
  );
}

export interface Reference {
  /** File, or service and variable. */
  readonly where: string;
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /(?<![\w.-])([a-z][a-z0-9-]*):(\d{2,5})(?!\d)/g;

/** Every `host:port` of a service's environment and of the files that name others. */
export function references({ services }: Compose): Reference[] {
  const inEnvironment = [...services.values()].flatMap(({ name, environment }) =>
    Object.entries(environment).flatMap(([key, value]) => addressesIn(`${name} ${key}`, value)),
  );
  const files = ['collector/prometheus', 'grafana/provisioning'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
  );
  const inFiles = files
    .filter(file => /\.ya?ml$/.test(file))
    .flatMap(file => addressesIn(file, readFileSync(join(ROOT, file), 'utf8')));
  return [...inEnvironment, ...inFiles];
}

function addressesIn(where: string, text: string): Reference[] {
  return [...text.matchAll(ADDRESS)].map(([, host, port]) => ({ where, host: host!, port: Number(port) }));
}
