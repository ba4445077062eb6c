import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { editDistance, nearest } from '../../../src/node/config/nearest.js';
import { type Path, pathText } from '../../../src/node/config/problem.js';
import { nodeSchema } from '../../../src/node/config/schema.js';
import { about } from '../../../src/node/config/section.js';
import { sectionsOf } from '../../../src/node/config/sift.js';
import { readYaml } from '../../../src/node/config/source-yaml.js';
import { example, verdict, withAt } from './helpers.js';

const EVERY_KEY = readYaml(readFileSync(example('every-key.yaml'), 'utf8')).value;

/** Keys that the user chooses: URL paths and authids. */
const CHOSEN = /^(?:.*\.)?(?:paths|principals)$|transports\[3\]\.websocket$/;

function* keysOf(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value) && !CHOSEN.test(pathText(path))) yield here;
    yield* keysOf(inner, here);
  }
}

function renamed(path: Path, name: string): unknown {
  const parent = path.slice(0, -1);
  const siblings = parent.reduce<unknown>((node, step) => (node as Record<string | number, unknown>)[step], EVERY_KEY);
  const entries = Object.entries(siblings as object).map(([key, value]) => [key === path.at(-1) ? name : key, value]);
  return parent.length === 0 ? Object.fromEntries(entries) : withAt(EVERY_KEY, parent, Object.fromEntries(entries));
}

/** All words that are one slip of a finger away. */
function slips(word: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < word.length; i++) {
    const [before, letter, after] = [word.slice(0, i), word[i]!, word.slice(i + 1)];
    found.push(before + after, `${before}q${after}`, `${before}${letter}${letter}${after}`);
    if (after) found.push(before + after[0] + letter + after.slice(1));
  }
  return found.filter(slip => slip !== word && slip !== '');
}

test('the example has every key of every section, and is good', () => {
  assert.deepEqual(verdict(EVERY_KEY), { problems: [], warnings: [] });
  const used = new Set([...keysOf(EVERY_KEY)].map(path => path.at(-1)));
  for (const section of sectionsOf(nodeSchema)) {
    for (const key of Object.keys(section.shape)) assert.ok(used.has(key), `${key} of ${about.get(section)?.what}`);
  }
});

test('every key with one letter wrong is refused, and the right one suggested', () => {
  let count = 0;
  for (const path of keysOf(EVERY_KEY)) {
    const key = String(path.at(-1));
    const all = slips(key);
    // One slip of each kind through the whole loader; at which letter varies with the key.
    const chosen = all.filter((_, i) => i % Math.ceil(all.length / 4) === path.length % Math.ceil(all.length / 4));
    for (const slip of chosen) {
      const { problems } = verdict(renamed(path, slip));
      const at = pathText([...path.slice(0, -1), slip]);
      assert.deepEqual(
        problems.map(problem => problem.path),
        [at],
        JSON.stringify(problems),
      );
      assert.equal(problems[0]!.hint, `did you mean "${key}"?`, at);
      assert.ok(problems[0]!.message.startsWith(`unknown key "${slip}" in `), problems[0]!.message);
      count += 1;
    }
  }
  assert.ok(count > 400, `${count} slips`);
});

test('every slip in every key leads back to it', () => {
  for (const section of sectionsOf(nodeSchema)) {
    const keys = Object.keys(section.shape);
    for (const key of keys) {
      for (const slip of slips(key)) {
        if (!keys.includes(slip)) assert.equal(nearest(slip, keys), key, `${slip} in ${about.get(section)?.what}`);
      }
    }
  }
});

test('a word that resembles nothing gets no suggestion', () => {
  assert.equal(nearest('colour', ['name', 'id', 'roles']), undefined);
  assert.equal(nearest('x', ['id', 'uri']), undefined);
  assert.equal(nearest('name', []), undefined);
  assert.equal(nearest('a'.repeat(5000), ['name']), undefined);
});

test('cases and separators do not matter', () => {
  assert.equal(nearest('requestIDs', ['request_ids', 'on_leave']), 'request_ids');
  assert.equal(nearest('allow_by_default', ['allow-by-default']), 'allow-by-default');
});

test('the edit distance counts letters inserted, lost, replaced and swapped', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('realm', 'realms'), 1);
  assert.equal(editDistance('relam', 'realm'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('same', 'same'), 0);
});
