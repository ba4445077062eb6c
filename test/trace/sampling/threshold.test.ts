/** Owns that sampling by ratio is exact to the bit, and what it says in tracestate is what it does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomnessText, Threshold } from '../../../src/trace/sampling/threshold.js';
import { RandomIds } from '../../../src/wire/ids.js';
import { randomFrom } from '../../observers/spans/actions.js';

/** R as the two words of a trace id, the other bits of which are set to confuse. */
function words(r: bigint): [number, number] {
  return [Number(r >> 32n) | 0xab00_0000 | 0, Number(r & 0xffff_ffffn) | 0];
}

test('th of well-known ratios', () => {
  const texts: readonly (readonly [number, string])[] = [
    [1, '0'],
    [0.5, '8'],
    [0.25, 'c'],
    [0.1, 'e666'],
    [0.01, 'fd70a'],
    [0.001, 'ffbe77'],
    [2 ** -56, 'ffffffffffffff'],
    [0, ''],
  ];
  for (const [ratio, text] of texts) assert.equal(new Threshold(ratio).text, text, String(ratio));
});

test('kept is R >= T, to the last bit', () => {
  for (const ratio of [0.5, 0.25, 0.1, 0.01, 1e-6, 1 / 3, 2 ** -56, 0.9]) {
    const threshold = new Threshold(ratio);
    const t = BigInt(`0x${threshold.text.padEnd(14, '0')}`);
    assert.ok(threshold.keeps(...words(t)), `R = T, ${ratio}`);
    assert.ok(!threshold.keeps(...words(t - 1n)), `R = T - 1, ${ratio}`);
    assert.ok(threshold.keeps(...words((1n << 56n) - 1n)), `the largest R, ${ratio}`);
    assert.ok(!threshold.keeps(...words(0n)), `R = 0, ${ratio}`);
  }
});

test('the ratio that th says is the one that was asked for, to one part in ten thousand', () => {
  for (const ratio of [0.5, 0.1, 0.05, 0.01, 0.003, 1e-4, 1e-7, 1 / 3, 0.9]) {
    const t = Number.parseInt(new Threshold(ratio).text.padEnd(14, '0'), 16);
    assert.ok(Math.abs(1 - t / 2 ** 56 - ratio) <= ratio * 1e-4 + 2 ** -53, String(ratio));
  }
});

test('1 keeps everything, 0 nothing', () => {
  for (const r of [0n, 1n, 0xffn << 40n, (1n << 56n) - 1n]) {
    assert.ok(new Threshold(1).keeps(...words(r)));
    assert.ok(!new Threshold(0).keeps(...words(r)));
  }
});

test('a smaller ratio keeps a part of what a larger one keeps', () => {
  const random = randomFrom(5);
  const all = [0.5, 0.1, 0.01].map(ratio => new Threshold(ratio));
  for (let i = 0; i < 20_000; i++) {
    const [a, b] = [(random() * 2 ** 32) | 0, (random() * 2 ** 32) | 0];
    const kept = all.map(threshold => threshold.keeps(a, b));
    assert.ok(!kept[1] || kept[0]);
    assert.ok(!kept[2] || kept[1]);
  }
});

test('of the ids that the router draws the ratio is kept, within five standard deviations', () => {
  const random = randomFrom(7);
  const ids = new RandomIds(into => into.set(into.map(() => random() * 2 ** 32)));
  for (const ratio of [0.5, 0.1, 0.01]) {
    const threshold = new Threshold(ratio);
    const n = 200_000;
    let kept = 0;
    for (let i = 0; i < n; i++) if (threshold.keeps(ids.word() | 0, ids.word() | 0)) kept++;
    assert.ok(Math.abs(kept - n * ratio) < 5 * Math.sqrt(n * ratio * (1 - ratio)), `${kept} of ${n} at ${ratio}`);
  }
});

test('rv is R in 14 digits', () => {
  assert.equal(randomnessText(...words(0x00_0102_0304_0506n)), '00010203040506');
  assert.equal(randomnessText(...words(0xfe_dcba_9876_5432n)), 'fedcba98765432');
  assert.equal(new Threshold(0.5).member('00010203040506'), 'ot=th:8;rv:00010203040506');
});
