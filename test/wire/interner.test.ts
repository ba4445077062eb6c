/** Owns that the table of strings returns the string of the bytes, whatever was in it before. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interner } from '../../src/wire/interner.js';
import { Random } from './samples.js';

function get(interner: Interner, text: string): string {
  const bytes = Buffer.from(`<<${text}>>`, 'latin1');
  return interner.get(bytes, 2, bytes.length - 2);
}

test('strings that share a slot do not become each other', () => {
  const interner = new Interner();
  // 31 * 'A' + 'a' equals 31 * 'B' + 'B', so these collide with certainty.
  const colliding = ['Aa', 'BB', 'AaAa', 'BBBB', 'AaBB', 'BBAa', 'com.Aa', 'com.BB'];
  for (let round = 0; round < 3; round++) for (const text of colliding) assert.equal(get(interner, text), text);
});

test('more strings than slots come out right, and again', () => {
  const interner = new Interner();
  const random = new Random(3);
  const texts = Array.from({ length: 10_000 }, (_, i) => `com.example.topic${random.below(5000)}.${i % 7}`);
  for (const text of [...texts, ...texts]) assert.equal(get(interner, text), text);
});

test('empty and long strings', () => {
  const interner = new Interner();
  for (const length of [0, 1, 254, 255, 256, 257, 70_000]) {
    for (const letter of ['a', 'b', '\x7f', '\0'])
      assert.equal(get(interner, letter.repeat(length)), letter.repeat(length));
  }
});
