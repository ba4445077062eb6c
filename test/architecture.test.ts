/** Owns the rules of the house that a machine can check: floors, circles, sizes, who may import what. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = findRoot();
const src = join(root, 'src');
const MAX_LINES = 350;

/** Why a file may be longer. An entry whose file is short again must go. */
const LONG_FILES: { readonly [file: string]: string } = {};

/** Each floor with what it may import; ARCHITECTURE.md draws the same. */
const FLOORS: { readonly [floor: string]: readonly string[] } = {
  wire: [],
  'tap.ts': ['wire'],
  transport: ['wire', 'tap.ts'],
  session: ['wire', 'tap.ts', 'transport'],
  realm: ['wire', 'tap.ts', 'transport', 'session'],
  'router.ts': ['wire', 'tap.ts', 'transport', 'session', 'realm'],
  trace: ['wire', 'tap.ts'],
  observers: ['wire', 'tap.ts', 'trace'],
  api: ['wire', 'tap.ts', 'trace', 'observers', 'realm'],
  node: ['wire', 'tap.ts', 'transport', 'session', 'realm', 'router.ts', 'trace', 'observers', 'api'],
  'index.ts': ['wire', 'tap.ts', 'transport', 'session', 'realm', 'router.ts', 'trace', 'observers'],
};

/** Packages that only some places may know. */
const OWNERS: { readonly [packageName: string]: RegExp } = {
  ws: /^transport\/websocket(?:-client)?\.ts$/,
  'prom-client': /^observers\/metrics\//,
  '@opentelemetry/': /^observers\/(?:spans|metrics)\//,
  lmdb: /^observers\/store\//,
  zod: /^node\/config\//,
  yaml: /^node\/config\//,
  'jsonc-parser': /^node\/config\//,
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
const imports = files.flatMap(importsOf);

test('every file of src stands on a floor', () => {
  assert.deepEqual(
    files.map(floorOf).filter(floor => !(floor in FLOORS)),
    [],
  );
});

test('imports point down', () => {
  const upward = imports.filter(({ from, to }) => {
    if (to.startsWith('package:')) return false;
    const [above, below] = [floorOf(from), floorOf(to)];
    return above !== below && !FLOORS[above]!.includes(below);
  });
  assert.deepEqual(upward, []);
});

test('no imports form a circle', () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of imports) graph.set(from, [...(graph.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) return void circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

test('packages are imported where they belong', () => {
  const strangers = imports.filter(({ from, to }) => {
    const name = to.replace('package:', '');
    const owner = Object.keys(OWNERS).find(key => (key.endsWith('/') ? name.startsWith(key) : name === key));
    return owner !== undefined && !OWNERS[owner]!.test(from);
  });
  assert.deepEqual(strangers, []);
});

test('the sans-IO rooms know no clock, timer, randomness or socket', () => {
  const pure = /^(?:realm\/(?!local-session)|trace\/|session\/handshake\.ts|wire\/)/;
  const impure =
    /\b(?:Date\.now|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|node:net|node:http|console\.)/;
  const guilty = files.filter(file => pure.test(file) && impure.test(code(file)));
  assert.deepEqual(guilty, []);
});

test(`no file is longer than ${MAX_LINES} lines without a recorded reason`, () => {
  const folders = ['src', 'test', 'bench', 'scripts', 'examples', 'grafana'];
  const long = folders
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
    )
    .filter(file => /\.(?:ts|mjs|py)$/.test(file) && !file.includes('node_modules'))
    .filter(file => readFileSync(join(root, file), 'utf8').split('\n').length - 1 > MAX_LINES);
  assert.deepEqual(long.sort(), Object.keys(LONG_FILES).sort());
});

test('every file begins with what it owns', () => {
  const silent = files.filter(
    file => !/^(?:#!.*\n)?\/\*\*(?:\n \*)? (?:Owns|The door)/.test(readFileSync(join(src, file), 'utf8')),
  );
  assert.deepEqual(silent, []);
});

function code(file: string): string {
  return readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

function importsOf(file: string): Import[] {
  const found = code(file).matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map(([, specifier]) => ({ from: file, to: target(file, specifier!) }));
}

function target(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) {
    return `package:${specifier}`;
  }
  return relative(src, resolve(join(src, dirname(file)), specifier)).replace(/\.js$/, '.ts');
}

function floorOf(file: string): string {
  return file.includes('/') ? file.split('/')[0]! : file;
}

/** This file runs compiled, two folders below the root. */
function findRoot(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), '../..');
}
