/** Owns a strict reading of OpenMetrics 1.0 text: what a scraper may refuse fails here. */

import assert from 'node:assert/strict';

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? (\S+)(?: # \{(.*)\} (\S+) (\S+))?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;
const SUFFIXES = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_sum', '_count'] } as const;

type Type = keyof typeof SUFFIXES;

/** Types by name. Fails on what "ABNF" and "Metric Types" of the specification forbid. */
export function checkOpenMetrics(text: string): Map<string, string> {
  const lines = text.split('\n');
  assert.deepEqual(lines.splice(-2), ['# EOF', ''], 'the end');
  const types = new Map<string, Type>();
  const seen = new Set<string>();
  const buckets = new Map<string, { le: number; count: number }>();
  let name = '';
  for (const line of lines) {
    const [, meta, of, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (meta === 'HELP') {
      assert.ok(!types.has(of!), `${of} comes in two pieces`);
      name = of!;
    } else if (meta === 'TYPE') {
      assert.equal(of, name);
      assert.ok(rest! in SUFFIXES, line);
      types.set(name, rest as Type);
    } else {
      checkSample(line, name, types.get(name)!, seen, buckets);
    }
  }
  return types;
}

function checkSample(
  line: string,
  name: string,
  type: Type,
  seen: Set<string>,
  buckets: Map<string, { le: number; count: number }>,
): void {
  const [, sample, labels = '', value, exemplar, marked] = SAMPLE.exec(line) ?? [];
  assert.ok(sample !== undefined, `no sample: ${line}`);
  assert.ok(
    SUFFIXES[type].some(suffix => sample === name + suffix),
    `${line} in ${name}`,
  );
  assert.ok(!Number.isNaN(Number(value === '+Inf' ? Number.POSITIVE_INFINITY : value)), line);
  const pairs = readLabels(labels, line);
  const series = JSON.stringify([sample, ...pairs.sort()]);
  assert.ok(!seen.has(series), `twice: ${line}`);
  seen.add(series);
  if (exemplar !== undefined) assert.ok([...readLabels(exemplar, line)].flat().join('').length <= 128, line);
  if (!sample!.endsWith('_bucket') || type !== 'histogram') return void assert.equal(exemplar, undefined, line);
  const le = pairs.find(([label]) => label === 'le')![1];
  const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
  const key = JSON.stringify([name, ...pairs.filter(([label]) => label !== 'le')]);
  const before = buckets.get(key);
  if (before && before.le < Number.POSITIVE_INFINITY) {
    assert.ok(before.le < bound && before.count <= Number(value), `buckets do not rise: ${line}`);
  }
  if (marked !== undefined) {
    assert.ok(
      Number(marked) <= bound && (!before || Number(marked) > before.le),
      `exemplar beside its bucket: ${line}`,
    );
  }
  buckets.set(key, { le: bound, count: Number(value) });
}

function readLabels(text: string, line: string): [string, string][] {
  const pairs: [string, string][] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text);
    assert.ok(found, `labels: ${line}`);
    pairs.push([found[1]!, found[2]!]);
  }
  return pairs;
}
