/** Owns the proof that IdMap is a map, whatever comes and goes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdMap } from '../../src/realm/id-map.js';
import { Random } from '../helpers/random.js';

const LARGEST_ID = 2 ** 53;

function same(map: IdMap<string>, model: Map<number, string>): void {
  assert.equal(map.size, model.size);
  const ids = [...model.keys()].sort((a, b) => a - b);
  assert.deepEqual(
    map.values(),
    ids.map(id => model.get(id)),
  );
  for (const id of ids) assert.equal(map.get(id), model.get(id));
}

for (const [what, draw] of [
  ['few ids that come back', (random: Random) => random.below(40)],
  ['ids from the whole range', (random: Random) => random.below(1 << 20) * 2 ** 33 + random.below(7)],
  ['ids that share their low bits', (random: Random) => random.below(300) * 65_536],
  ['ids in sequence, some of which stay', (random: Random) => Math.floor(random.below(4000) / 10)],
] as const) {
  for (const secret of [0x9e3779b1, undefined])
    checkAtRandom(`${what}${secret ? '' : ', without a secret'}`, draw, secret);
}

function checkAtRandom(what: string, draw: (random: Random) => number, secret: number | undefined): void {
  test(`${what}: set, replaced and deleted at random`, () => {
    const random = new Random(7);
    const map = new IdMap<string>(secret);
    const model = new Map<number, string>();
    for (let step = 0; step < 20_000; step++) {
      const id = Math.min(draw(random), LARGEST_ID);
      if (random.below(2) === 0) {
        map.set(id, `v${step}`);
        model.set(id, `v${step}`);
      } else {
        map.delete(id);
        model.delete(id);
      }
      assert.equal(map.has(id), model.has(id));
      if (step % 1000 === 0) same(map, model);
    }
    same(map, model);
  });
}

test('a burst that ends leaves an empty map that works on', () => {
  const map = new IdMap<number>(0x9e3779b1);
  for (let id = 1; id <= 65_536; id++) map.set(id, id);
  assert.equal(map.size, 65_536);
  for (let id = 1; id <= 65_536; id++) map.delete(id);
  assert.deepEqual([map.size, map.get(1), map.values()], [0, undefined, []]);
  map.set(LARGEST_ID, 1);
  assert.equal(map.get(LARGEST_ID), 1);
});
