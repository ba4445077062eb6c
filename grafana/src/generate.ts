/** Owns the files under grafana/dashboards: writes them, or with --check says which are out of date. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DASHBOARDS } from './dashboards/index.js';
import { buildDashboard } from './frame.js';

/** This file runs compiled, in build/grafana/src. */
const FOLDER = fileURLToPath(new URL('../../../grafana/dashboards/', import.meta.url));

/** What each file should hold, by its name. */
export function generate(): Map<string, string> {
  return new Map(DASHBOARDS.map(spec => [`${spec.uid}.json`, `${JSON.stringify(buildDashboard(spec), null, 2)}\n`]));
}

/** Names of the files that differ from what the code says, are missing, or belong to no dashboard. */
export function stale(wanted: ReadonlyMap<string, string>, folder = FOLDER): string[] {
  const present = new Map(filesOf(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]));
  const names = new Set([...wanted.keys(), ...present.keys()]);
  return [...names].filter(name => wanted.get(name) !== present.get(name)).sort();
}

function filesOf(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder).filter(name => name.endsWith('.json'));
}

function main(args: readonly string[]): void {
  const wanted = generate();
  const differing = stale(wanted);
  if (args.includes('--check')) {
    if (differing.length === 0) return;
    console.error(
      `grafana/dashboards is out of date with grafana/src: ${differing.join(', ')}; run: npm run dashboards`,
    );
    process.exitCode = 1;
    return;
  }
  for (const name of differing) {
    const text = wanted.get(name);
    if (text === undefined) rmSync(join(FOLDER, basename(name)));
    else writeFileSync(join(FOLDER, name), text);
    console.log(`${text === undefined ? 'removed' : 'wrote'} grafana/dashboards/${name}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
