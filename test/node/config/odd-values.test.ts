import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../../../src/node/config/load.js';
import { type Path, pathText } from '../../../src/node/config/problem.js';
import { readYaml } from '../../../src/node/config/source-yaml.js';
import { example, outcome, verdict, withAt } from './helpers.js';

const EVERY_KEY = readYaml(readFileSync(example('every-key.yaml'), 'utf8')).value;
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  Number.NaN,
  1e300,
  10n ** 30n,
  '',
  ' ',
  'x y',
  '*',
  [],
  [null],
  [[]],
  {},
  { '': '' },
  { type: {} },
  { type: 'tcp' },
  new Date(0),
  new Map(),
  Uint8Array.of(1),
];

function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* placesIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

test('whatever stands wherever, it is accepted or refused in words of our own', () => {
  for (const path of placesIn(EVERY_KEY)) {
    for (const odd of [...ODD, undefined]) {
      const { problems, warnings } = verdict(path.length === 0 ? (odd ?? null) : withAt(EVERY_KEY, path, odd));
      for (const { message, path: at } of [...problems, ...warnings]) {
        const where = `${pathText(path)} = ${String(odd)}: ${at}: ${message}`;
        assert.doesNotMatch(message, /invalid|undefined|\[object|NaN,/i, where);
        assert.match(message, /\S{2,} \S{2,}/, where);
      }
    }
  }
});

test('YAML that contains itself ends somewhere', () => {
  for (const text of [
    '&a [*a]',
    'workers: &a [*a]',
    'version: 2\nworkers:\n  - &w {type: router, realms: [*w], transports: [*w]}',
  ]) {
    assert.ok(outcome(() => parseConfig(text, 'yaml', 'test')).problems.length > 0, text);
  }
});
