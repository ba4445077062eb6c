/** Owns the sdk pipeline: exporters and processors that users bring, and the count of what becomes of their spans. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context as api, type Context, type ContextManager, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { createSpans } from '../../../src/observers/spans/index.js';
import { Actions, session } from './actions.js';
import { outcomes, until } from './pipelines.js';

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

test('a burst of 3000 publications in one turn, of 10,000 receivers each, loses nothing, however small the batches', async () => {
  const exporter = new InMemorySpanExporter();
  const spans = createSpans({ pipeline: 'sdk', env: { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '64' }, exporter, log });
  const actions = new Actions(2);
  for (let i = 0; i < 3000; i++) spans.onActionEnd?.(actions.publish('com.example.on', CALLER, 10_000));
  await spans.flush();
  assert.deepEqual(outcomes(spans), { spans: 6000, exported: 6000, dropped: 0, failed: 0, waiting: 0 });
  assert.equal(exporter.getFinishedSpans().length, 6000);
  await spans.close();
});

test('spans leave by themselves, not later than OTEL_BSP_SCHEDULE_DELAY', async () => {
  const exporter = new InMemorySpanExporter();
  const spans = createSpans({ pipeline: 'sdk', env: { OTEL_BSP_SCHEDULE_DELAY: '50' }, exporter, log });
  for (const action of some(3)) spans.onActionEnd?.(action);
  assert.equal(spans.stats().waiting, 6);
  await until(() => spans.stats().exported === 6);
  for (const action of some(3)) spans.onActionEnd?.(action);
  await until(() => spans.stats().exported === 12);
  await spans.close();
});

test('an exporter that never calls back is given up in time, and counts once when it calls back late', async () => {
  const late: (() => void)[] = [];
  const exporter: SpanExporter = {
    export: (_, done) => late.push(() => done({ code: 0 })),
    shutdown: async () => {},
  };
  const env = { OTEL_BSP_EXPORT_TIMEOUT: '50', OTEL_BSP_SCHEDULE_DELAY: '1' };
  const spans = createSpans({ pipeline: 'sdk', env, exporter, log });
  for (const action of some(3)) spans.onActionEnd?.(action);
  await until(() => spans.stats().failedBy.gave_up === 6);
  for (const done of late) done();
  assert.deepEqual(outcomes(spans), { spans: 6, exported: 0, dropped: 0, failed: 6, waiting: 0 });
  await spans.close();
});

test('an exporter that throws is counted, and does not disturb routing', async () => {
  const exporter: SpanExporter = {
    export: () => {
      throw new Error('out of order');
    },
    shutdown: () => Promise.reject(new Error('out of order')),
  };
  const spans = createSpans({ pipeline: 'sdk', env: {}, exporter, log });
  for (const action of some(3)) spans.onActionEnd?.(action);
  await spans.flush();
  assert.equal(spans.stats().failedBy.internal, 6);
  await spans.close();
});

test('exports are not traced themselves', async () => {
  const key = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
  const seen: unknown[] = [];
  const exporter: SpanExporter = {
    export: (_, done) => {
      seen.push(api.active().getValue(key));
      done({ code: 0 });
    },
    shutdown: async () => {},
  };
  api.setGlobalContextManager(new StackContexts());
  try {
    const spans = createSpans({ pipeline: 'sdk', env: {}, exporter, log });
    for (const action of some(1)) spans.onActionEnd?.(action);
    await spans.close();
  } finally {
    api.disable();
  }
  assert.deepEqual(seen, [true]);
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

test('what an exporter fails, and what the queue refuses, is counted by cause', async () => {
  const lines: string[] = [];
  const exporter: SpanExporter = {
    export: (_, done) => done({ code: 1, error: new Error('quota') }),
    shutdown: async () => {},
  };
  const spans = createSpans({ pipeline: 'sdk', env: {}, exporter, log: { warn: line => lines.push(line) } });
  for (const action of some(10_000)) spans.onActionEnd?.(action);
  const { droppedBy } = spans.stats();
  assert.equal(droppedBy.queue_full, 20_000 - 16_384);
  await spans.close();
  const { failedBy, breaker } = spans.stats();
  assert.equal(breaker, 'open');
  // Five batches until the breaker opens, one more as its probe, and for the others there is no time left.
  assert.deepEqual([failedBy.gave_up, failedBy.shutdown], [5 * 512, 16_384 - 5 * 512]);
  assert.match(lines[0]!, /quota; 512 spans failed so far/);
  spans.onActionEnd?.(some(1)[0]!);
  assert.equal(spans.stats().droppedBy.closed, 2);
  assert.equal(outcomes(spans).waiting, 0);
});

class StackContexts implements ContextManager {
  #active: Context = ROOT_CONTEXT;
  active(): Context {
    return this.#active;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    run: F,
    _self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const before = this.#active;
    this.#active = context;
    try {
      return run(...args);
    } finally {
      this.#active = before;
    }
  }
  bind<T>(_context: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}
