/** Proves that histograms put every value where a search through the bounds would. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsOf, METRICS, type MetricRow } from '../../src/observers/metrics/table.js';
import { Buckets, Histogram } from '../../src/session/histogram.js';
import { Random } from '../helpers/random.js';

const ROWS: readonly (readonly [MetricRow, ticks: number])[] = [
  [METRICS.calls, 1e6],
  [METRICS.routerTime, 1e6],
  [METRICS.sessionDuration, 1e3],
  [METRICS.sizes, 1],
  [METRICS.fanout, 1],
];

/** The definition: the first bucket whose bound is not below the value. */
function searched(bounds: readonly number[], value: number): number {
  const found = bounds.findIndex(bound => value <= bound);
  return found < 0 ? bounds.length : found;
}

for (const [row, ticks] of ROWS) {
  test(`${row.name}: each value goes to the first bucket that it is not above`, () => {
    const bounds = bucketsOf(row, ticks);
    const buckets = new Buckets(bounds);
    const random = new Random(7);
    const around = bounds.flatMap(bound => [bound - 1, bound - 0.5, bound, bound + 0.25, bound + 1]);
    const anywhere = Array.from({ length: 20_000 }, () => 2 ** (random.below(40_000) / 1000));
    for (const value of [0, 0.001, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 1e15, ...around, ...anywhere]) {
      if (value >= 0) assert.equal(buckets.index(value), searched(bounds, value), `${value}`);
    }
  });
}

test('a bound beyond 2^31 separates values as well', () => {
  const buckets = new Buckets([10, 2 ** 33]);
  assert.deepEqual(
    [5, 11, 2 ** 32, 2 ** 33, 2 ** 33 + 1].map(value => buckets.index(value)),
    [0, 1, 1, 1, 2],
  );
});

test('sum and counts add up, and a clock that went back counts as nothing', () => {
  const histogram = new Histogram(new Buckets([1, 2, 5]));
  histogram.add(0.5);
  histogram.add(1.5, 3);
  histogram.add(7);
  histogram.add(-4);
  assert.deepEqual([...histogram.counts], [2, 3, 0, 1]);
  assert.equal(histogram.sum, 0.5 + 3 * 1.5 + 7);
});

test('bounds that do not rise are refused', () => {
  for (const bounds of [
    [1, 1],
    [2, 1],
    [0.5, 1],
    [-1, 1],
  ]) {
    assert.throws(() => new Buckets(bounds), /rising whole numbers/, bounds.join());
  }
});
