/** Proves that a Collector that dies under load and comes back costs at most spans, never calls, and that each span is accounted for. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMetrics } from '../e2e/prometheus.js';
import { type RouterNode, startRouterNode } from '../e2e/router-node.js';
import { type Part, Stack, until } from './harness.js';
import { Jaeger, orphansOf } from './jaeger.js';
import { Load, spansOf } from './load.js';
import { makePlan, startCollector, startJaeger } from './programs.js';

const SERVICE = 'outage-test';
const OUTAGE_SECONDS = 20;
/** No WAMP client waits so long on a healthy router; a machine that is busy with other things may. */
const SLOWEST_ROUND = 5000;

const stack = new Stack();
let router: RouterNode;
let load: Load;
let jaeger: Jaeger;
let collector: Part;

before(async () => {
  const plan = await makePlan();
  router = await startRouterNode('rows', {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${plan.collector.http}`,
    OTEL_SERVICE_NAME: SERVICE,
  });
  // Nothing listens at the address of Prometheus: metrics are not what this is about.
  [, collector] = await Promise.all([startJaeger(stack, plan), startCollector(stack, plan, 'collector')]);
  jaeger = new Jaeger(plan.jaegerQuery);
  load = await Load.join(`ws://127.0.0.1:${router.port}/ws`);
});

after(async () => {
  await load?.leave();
  await router?.node.stop();
  await stack.close();
});

interface Spans {
  readonly exported: number;
  /** All outcomes together: each span that ended has exactly one, in the end. */
  readonly settled: number;
}

async function spans(): Promise<Spans> {
  const metrics = parseMetrics(await (await fetch(router.metricsUrl)).text());
  const outcomes = [...metrics].filter(([name]) => name.startsWith('wamp_trace_spans_total{'));
  const exported = outcomes.find(([name]) => name.includes('outcome="exported"'))?.[1] ?? 0;
  return { exported, settled: outcomes.reduce((sum, [, value]) => sum + value, 0) };
}

/** Rounds of traffic for some seconds; resolves with the milliseconds of the slowest. */
async function run(seconds: number): Promise<number> {
  const deadline = performance.now() + seconds * 1000;
  let slowest = 0;
  while (performance.now() < deadline) {
    const began = performance.now();
    // Rejects at the first answer that is wrong or missing.
    await load.round();
    slowest = Math.max(slowest, performance.now() - began);
    await sleep(20);
  }
  return slowest;
}

test('routing goes on while the Collector is dead, export goes on when it is back, and each span is counted once', async () => {
  await run(3);
  await collector.kill();
  const atDeath = await spans();
  const slowest = await run(OUTAGE_SECONDS);
  assert.ok(slowest < SLOWEST_ROUND, `a round took ${slowest} ms`);
  // One request may have been answered between the kill and its reading.
  assert.ok((await spans()).exported <= atDeath.exported + 2 * 2048, 'nobody was there to export to');
  await collector.restart();
  const back = await spans();
  await run(3);
  await until(
    'export goes on',
    async () => {
      await load.round();
      return (await spans()).exported > back.exported ? true : undefined;
    },
    60_000,
  );
  const ended = spansOf(load.tally);
  await until(`${ended} spans are settled`, async () => ((await spans()).settled === ended ? true : undefined), 60_000);
});

test('what is exported after the outage arrives complete', async () => {
  const before = await jaeger.traces(SERVICE);
  const known = new Set(before.map(({ traceID }) => traceID));
  const already = spansOf(load.tally);
  for (let i = 0; i < 10; i++) await load.round();
  const sent = spansOf(load.tally) - already;
  const fresh = await until(`${sent} spans more in Jaeger`, async () => {
    const found = (await jaeger.traces(SERVICE)).filter(({ traceID }) => !known.has(traceID));
    return found.reduce((sum, trace) => sum + trace.spans.length, 0) >= sent ? found : undefined;
  });
  assert.deepEqual(fresh.flatMap(orphansOf), []);
});
