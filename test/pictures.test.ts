/** Owns the drawing of traces: everything of a trace is in the picture, where and as it should be. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draw } from '../examples/pictures/draw.js';
import type { JaegerSpan } from '../examples/pictures/jaeger.js';

function span(id: string, over: Partial<JaegerSpan> = {}, tags: Record<string, unknown> = {}): JaegerSpan {
  return {
    ...{ traceID: 'abc', spanID: id, operationName: `span ${id}`, references: [], startTime: 1000, duration: 100 },
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    ...over,
  };
}

const childOf = (spanID: string) => ({ references: [{ refType: 'CHILD_OF', traceID: 'abc', spanID }] });

test('each span has a line in the order of the tree, with its kind, its time and its attributes', () => {
  const child = span('b', { ...childOf('a'), startTime: 1050, duration: 50 }, { 'span.kind': 'client' });
  const svg = draw({
    traceID: 'abc',
    spans: [child, span('a', {}, { 'span.kind': 'server', 'wamp.router.time': 0.0005, 'wamp.outcome': 'ok' })],
  });
  const words = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, word]) => word);
  assert.deepEqual(words, [
    ...['trace abc', '0', '100 µs'],
    ...['span a', 'SERVER', '100 µs', 'wamp.router.time=500 µs · wamp.outcome=ok'],
    ...['span b', 'CLIENT', '50 µs'],
  ]);
  const [whole, half] = [...svg.matchAll(/<rect x="([\d.]+)" [^>]*?width="([\d.]+)"/g)].map(([, x, w]) => [+x!, +w!]);
  assert.equal(half![1], whole![1]! / 2);
  assert.equal(half![0]! + half![1]!, whole![0]! + whole![1]!);
});

test('links are told, failures are red, and nothing that a client wrote becomes markup', () => {
  const link = { references: [{ refType: 'FOLLOWS_FROM', traceID: '0123456789abcdef', spanID: 'x' }] };
  const svg = draw({ traceID: 'abc', spans: [span('a', { ...link, operationName: '<script>&"' }, { error: true })] });
  assert.match(svg, /link to trace 01234567…/);
  assert.match(svg, /#b3261e/);
  assert.doesNotMatch(svg, /<script>/);
});

test('a span whose parent is not in the trace is drawn all the same', () => {
  assert.match(draw({ traceID: 'abc', spans: [span('b', childOf('gone'))] }), /span b/);
});
