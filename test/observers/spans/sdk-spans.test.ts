/** Owns the sdk pipeline: exporters and processors that users bring, and the count of what becomes of their spans. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InMemorySpanExporter, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { createSpans } from '../../../src/observers/spans/index.js';
import { Actions, session } from './actions.js';
import { outcomes } from './pipelines.js';

const [CALLER, CALLEE] = [session(1), session(2)];
const log = { warn: () => {} };

function some(n: number) {
  const actions = new Actions(1);
  return Array.from({ length: n }, () => actions.call('com.example.sum', CALLER, CALLEE));
}

test('an exporter of the user gets every span of a burst', async () => {
  const exporter = new InMemorySpanExporter();
  const spans = createSpans({ pipeline: 'sdk', env: {}, exporter, log });
  for (const action of some(3000)) spans.onActionEnd?.(action);
  await spans.flush();
  assert.equal(exporter.getFinishedSpans().length, 6000);
  assert.deepEqual(outcomes(spans), { spans: 6000, exported: 6000, dropped: 0, failed: 0, waiting: 0 });
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 6000, exported: 6000, dropped: 0, failed: 0, waiting: 0 });
});

test('a processor of the user is called as the SDK would', async () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  const spans = createSpans({ pipeline: 'sdk', env: {}, processor, log });
  for (const action of some(3)) spans.onActionEnd?.(action);
  await spans.flush();
  assert.deepEqual(
    exporter.getFinishedSpans().map(span => span.name),
    Array.from({ length: 3 }, () => ['call com.example.sum', 'invoke com.example.sum']).flat(),
  );
  await spans.close();
});

test('a processor that throws does not disturb routing', async () => {
  const processor = {
    onStart() {},
    onEnd() {
      throw new Error('out of order');
    },
    forceFlush: () => Promise.reject(new Error('out of order')),
    shutdown: () => Promise.reject(new Error('out of order')),
  };
  const spans = createSpans({ pipeline: 'sdk', env: {}, processor, log });
  for (const action of some(2)) spans.onActionEnd?.(action);
  await spans.flush();
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 4, exported: 0, dropped: 0, failed: 4, waiting: 0 });
});

test('what an exporter fails, and what the queue refuses, is counted at the end', async () => {
  const lines: string[] = [];
  const exporter: SpanExporter = {
    export: (_, done) => done({ code: 1, error: new Error('quota') }),
    shutdown: async () => {},
  };
  const spans = createSpans({ pipeline: 'sdk', env: {}, exporter, log: { warn: line => lines.push(line) } });
  for (const action of some(10_000)) spans.onActionEnd?.(action);
  await spans.close();
  const stats = spans.stats();
  assert.equal(stats.exported, 0);
  assert.ok(stats.failed >= 16_384 && stats.dropped > 0, JSON.stringify(stats));
  assert.equal(stats.failed + stats.dropped, 20_000);
  assert.match(lines[0]!, /quota/);
  spans.onActionEnd?.(some(1)[0]!);
  assert.equal(spans.stats().dropped, stats.dropped + 2);
});
