/** Proves the two tiers: metrics of every span, and of the traces all that matter and a share of the rest. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseMetrics } from '../e2e/prometheus.js';
import { type RouterNode, startRouterNode } from '../e2e/router-node.js';
import { Stack, until } from './harness.js';
import { Jaeger, type JaegerTrace, orphansOf } from './jaeger.js';
import { answeredBy, Load, spansOf } from './load.js';
import { makePlan, type Plan, startCollector, startJaeger, startPrometheus, startSampler } from './programs.js';
import { Prometheus } from './prometheus.js';

const SERVICE = 'scale-test';
const stack = new Stack();
let plan: Plan;
let router: RouterNode;
let load: Load;
let prometheus: Prometheus;
let traces: JaegerTrace[];

before(async () => {
  plan = await makePlan();
  router = await startRouterNode('rows', {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${plan.collector.http}`,
    OTEL_SERVICE_NAME: SERVICE,
    OTEL_TRACES_SAMPLER: 'always_on',
  });
  await Promise.all([
    startPrometheus(stack, plan, {
      router: [new URL(router.metricsUrl).host],
      collector: [plan.collector, ...plan.samplers].map(({ metrics }) => metrics),
      jaeger: [plan.jaegerMetrics],
    }),
    startJaeger(stack, plan),
    startSampler(stack, plan, 0),
    startSampler(stack, plan, 1),
    startCollector(stack, plan, 'tier1'),
  ]);
  prometheus = new Prometheus(plan.prometheus);
  const jaeger = new Jaeger(plan.jaegerQuery);
  load = await Load.join(`ws://127.0.0.1:${router.port}/ws`);
  await load.call(600);
  await load.fail(40);
  await load.callNobody(20);
  await load.callSlowly(5);
  const decided = `sum(otelcol_processor_tail_sampling_global_count_traces_sampled_total)`;
  const { tally } = load;
  const ended = answeredBy(tally) + tally.lostCalls + tally.registrations + tally.subscriptions + tally.sessions;
  await prometheus.reaches(decided, ended, 60_000);
  const sampled = `${decided.slice(0, -1)}{sampled="true"})`;
  const kept = (await prometheus.value(sampled))!;
  traces = await until(`${kept} traces in Jaeger`, async () => {
    const found = await jaeger.traces(SERVICE);
    return found.length >= kept ? found : undefined;
  });
});

after(async () => {
  await load?.leave();
  await router?.node.stop();
  await stack.close();
});

function count(name: string): number {
  return traces.filter(({ spans }) => spans.some(({ operationName }) => operationName === name)).length;
}

test('every call that failed or was slow is kept', () => {
  assert.equal(count('call com.example.fail'), load.tally.failedCalls);
  assert.equal(count('call'), load.tally.lostCalls);
  assert.equal(count('call com.example.slow'), load.tally.slowCalls);
});

test('of the calls that went well a share is kept', () => {
  const kept = count('call com.example.square');
  // 5 % of 600; the probability of any other count than these is below 1 in 10 000.
  assert.ok(kept >= 10 && kept <= 60, `${kept} of ${load.tally.calls}`);
});

test('what is kept is complete, though spans of a trace may have come in two requests', () => {
  assert.deepEqual(traces.flatMap(orphansOf), []);
  const calls = traces.filter(({ spans }) =>
    spans.some(({ operationName }) => /^call .*(?:fail|slow|square)$/.test(operationName)),
  );
  assert.deepEqual(
    calls.filter(({ spans }) => spans.length !== 2).map(({ traceID }) => traceID),
    [],
  );
});

test('the metrics of spans count those that are not kept, too', async () => {
  const query = `sum(traces_span_metrics_calls_total{service_name="${SERVICE}"})`;
  await prometheus.reaches(query, spansOf(load.tally));
});

test('both samplers get their share of the traces', async () => {
  for (const { metrics } of plan.samplers) {
    const values = parseMetrics(await (await fetch(`http://${metrics}/metrics`)).text());
    const accepted = [...values].find(([name]) => name.startsWith('otelcol_receiver_accepted_spans'))?.[1] ?? 0;
    assert.ok(accepted > spansOf(load.tally) / 5, `${accepted} spans`);
  }
});
