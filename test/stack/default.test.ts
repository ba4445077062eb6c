/** Proves the whole stack with real parts: what clients did is what Prometheus and Jaeger have. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { readCompose } from '../compose/compose.js';
import { parseMetrics } from '../e2e/prometheus.js';
import { type RouterNode, startRouterNode } from '../e2e/router-node.js';
import { Stack, until } from './harness.js';
import { Jaeger, type JaegerTrace, orphansOf, tagOf } from './jaeger.js';
import { answeredBy, Load, PROGRESS, spansOf } from './load.js';
import { everyPanel, readDashboards, withoutData } from './panels.js';
import { makePlan, type Plan, startCollector, startJaeger, startPrometheus } from './programs.js';
import { Prometheus } from './prometheus.js';

/** The router's own name: the dashboards ask for it. */
const SERVICE = 'wampscope';
const stack = new Stack();
let plan: Plan;
let router: RouterNode;
let load: Load;
let prometheus: Prometheus;
let jaeger: Jaeger;

before(async () => {
  plan = await makePlan();
  router = await startRouterNode('rows', {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${plan.collector.http}`,
    OTEL_TRACES_SAMPLER: 'always_on',
  });
  await Promise.all([
    startPrometheus(stack, plan, {
      router: [new URL(router.metricsUrl).host],
      collector: [plan.collector.metrics],
      jaeger: [plan.jaegerMetrics],
    }),
    startJaeger(stack, plan),
    startCollector(stack, plan, 'collector'),
  ]);
  prometheus = new Prometheus(plan.prometheus);
  jaeger = new Jaeger(plan.jaegerQuery);
  load = await Load.join(`ws://127.0.0.1:${router.port}/ws`);
  for (let round = 0; round < 10; round++) await load.round();
  await load.callSlowly(2);
});

after(async () => {
  await load?.leave();
  await router?.node.stop();
  await stack.close();
});

test('Prometheus reads every target that its configuration names', async () => {
  // Not yet served by every router: a page that is not there cannot be scraped.
  const detailed = new URL('/metrics/detailed', router.metricsUrl);
  const isServed = (await fetch(detailed)).status !== 404;
  const wanted = [
    'jaeger',
    'otel-collector',
    'prometheus',
    'wamp-router',
    ...(isServed ? ['wamp-router-sessions'] : []),
  ];
  const scraped = await until('all targets were scraped', async () => {
    const targets = (await prometheus.targets()).filter(({ labels }) => wanted.includes(labels.job));
    return targets.length === wanted.length && targets.every(({ health }) => health !== 'unknown')
      ? targets
      : undefined;
  });
  const failed = scraped
    .filter(({ health }) => health !== 'up')
    .map(({ labels, lastError }) => [labels.job, lastError]);
  assert.deepEqual(failed, []);
});

test('Prometheus understands every line of the exposition that it asks for', async () => {
  // What Prometheus 3 sends: OpenMetrics goes before the older text format.
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  const linesOf = async () => parseMetrics(await (await fetch(router.metricsUrl, { headers: { accept } })).text()).size;
  await until('a scrape has as many samples as there are lines', async () => {
    const scraped = await prometheus.value('scrape_samples_scraped{job="wamp-router"}');
    // Handles and requests of the process come and go between two readings.
    return Math.abs((scraped ?? 0) - (await linesOf())) <= 5 ? true : undefined;
  });
});

test('the router’s metrics in Prometheus are what the clients did', async () => {
  const { tally } = load;
  const answered = answeredBy(tally);
  const messages = (type: string, direction: string): string =>
    `sum(wamp_messages_total{job="wamp-router",realm="realm1",type="${type}",direction="${direction}"})`;
  const expected = {
    [messages('CALL', 'received')]: answered + tally.lostCalls,
    [messages('RESULT', 'sent')]: answered - tally.failedCalls + PROGRESS * tally.progressiveCalls,
    [messages('INVOCATION', 'sent')]: answered,
    [messages('ERROR', 'sent')]: tally.failedCalls + tally.lostCalls,
    [messages('PUBLISH', 'received')]: tally.publications + tally.unheard,
    [messages('EVENT', 'sent')]: tally.events,
    'sum(wamp_sessions{job="wamp-router",realm="realm1"})': 6,
    'sum(wamp_trace_spans_total{job="wamp-router"})': spansOf(tally),
  };
  for (const [query, value] of Object.entries(expected)) await prometheus.reaches(query, value);
});

test('Jaeger has one complete trace for each action, and none is lost', async () => {
  const { tally } = load;
  const total = spansOf(tally);
  const traces = await until(`Jaeger has ${total} spans`, async () => {
    const found = await jaeger.traces(SERVICE);
    return found.reduce((sum, { spans }) => sum + spans.length, 0) >= total ? found : undefined;
  });
  const shapes = new Map<string, number>();
  for (const trace of traces) shapes.set(shapeOf(trace), (shapes.get(shapeOf(trace)) ?? 0) + 1);
  assert.deepEqual(Object.fromEntries([...shapes].sort()), {
    'call ERROR': tally.lostCalls,
    'call com.example.fail ERROR > invoke com.example.fail ERROR': tally.failedCalls,
    'call com.example.forecast > invoke com.example.forecast': tally.progressiveCalls,
    'call com.example.slow > invoke com.example.slow': tally.slowCalls,
    'call com.example.square > invoke com.example.square': tally.calls,
    'publish com.example.news > deliver com.example.news': tally.publications,
    'publish com.example.silence': tally.unheard,
    'register com.example.fail': 1,
    'register com.example.forecast': 1,
    'register com.example.slow': 1,
    'register com.example.square': 1,
    'session close': tally.goodbyes,
    'session open': tally.sessions,
    'subscribe com.example.news': tally.subscriptions,
  });
  assert.deepEqual(traces.flatMap(orphansOf), []);
  const opened = new Set(traces.flatMap(({ spans }) => spans.map(({ spanID }) => spanID)));
  const links = traces
    .flatMap(({ spans }) => spans)
    .flatMap(({ references }) => references.filter(({ refType }) => refType === 'FOLLOWS_FROM'));
  assert.equal(links.length, tally.goodbyes, 'each end of a session points to its beginning');
  assert.ok(links.every(({ spanID }) => opened.has(spanID)));
});

test('version 3 of Jaeger’s API tells the same of a trace', async () => {
  const [trace] = await jaeger.traces(SERVICE, { 'wamp.outcome': 'error' }, 1);
  const spans = await jaeger.otlpSpans(trace!.traceID);
  assert.deepEqual(spans.map(({ name }) => name).sort(), trace!.spans.map(({ operationName }) => operationName).sort());
});

test('the metrics of spans in Prometheus count every span, and failures apart', async () => {
  const { tally } = load;
  const calls = (filter: string): string => `sum(traces_span_metrics_calls_total{service_name="${SERVICE}"${filter}})`;
  const expected = {
    [calls('')]: spansOf(tally),
    [calls(',status_code="STATUS_CODE_ERROR"')]: 2 * tally.failedCalls + tally.lostCalls,
    [calls(',span_kind="SPAN_KIND_SERVER",wamp_action="call"')]: answeredBy(tally) + tally.lostCalls,
    [calls(',wamp_realm="realm1"')]: spansOf(tally),
    [calls(',error_type="com.example.error.failed"')]: 2 * tally.failedCalls,
  };
  for (const [query, value] of Object.entries(expected)) await prometheus.reaches(query, value);
});

test('exemplars of the latency histogram lead to traces that exist', async () => {
  const metric = `traces_span_metrics_duration_milliseconds_bucket{service_name="${SERVICE}"}`;
  const exemplars = await until('an exemplar', async () => {
    const found = await prometheus.exemplars(metric);
    return found.length > 0 ? found : undefined;
  });
  const ids = new Set(exemplars.map(({ labels }) => labels.trace_id));
  for (const id of ids) assert.ok(await jaeger.trace(id!), `trace ${id}`);
});

test('Jaeger’s Monitor page has rates, errors and latencies', async () => {
  for (const family of ['calls', 'errors', 'latencies'] as const) {
    // A rate needs two scrapes between which something happened.
    const points = await until(`${family} to draw`, async () => {
      await load.round();
      const found = (await jaeger.monitor(family, SERVICE)).filter(point => point > 0);
      return found.length > 0 ? found : undefined;
    });
    assert.ok(
      points.every(point => point < 60_000),
      `${family}: ${points}`,
    );
  }
});

test('a panel without data, one that is refused and a variable that nobody defines are found', async () => {
  const templating = { list: [{ name: 'job', type: 'query', includeAll: true, current: { value: '$__all' } }] };
  const panels = [
    { title: 'good', targets: [{ expr: 'sum(up{job=~"$job"})' }] },
    { title: 'folded', panels: [{ title: 'empty', targets: [{ expr: 'rate(nobody_has_this[$__rate_interval])' }] }] },
    { title: 'refused', targets: [{ expr: 'sum(up' }] },
  ];
  const found = withoutData(await everyPanel([{ title: 'A', templating, panels }], prometheus));
  assert.equal(found.length, 2);
  assert.equal(found[0], 'A / empty: no data: rate(nobody_has_this[30s])');
  assert.match(found[1]!, /^A \/ refused: Error: Prometheus refuses .*parse error/);
  const stranger = { title: 'B', panels: [{ targets: [{ expr: 'up{job="$jib"}' }] }] };
  await assert.rejects(everyPanel([stranger], prometheus), /\$jib in "up\{job="\$jib"\}" is no variable/);
});

test('the health check of Prometheus’ container passes while it runs', async () => {
  const [program, ...words] = readCompose().services.get('prometheus')!.healthcheck;
  const here = words.map(word => word.replace('localhost:9090', plan.prometheus));
  await promisify(execFile)(program!, here);
});

test('every rule is evaluated, and every panel of every dashboard has data', async () => {
  await until(
    'rules were evaluated and panels have data',
    async () => {
      await load.round();
      const isWaiting = (await prometheus.rules()).some(({ health }) => health === 'unknown');
      return isWaiting || withoutData(await everyPanel(readDashboards(), prometheus)).length > 0 ? undefined : true;
    },
    60_000,
  ).catch(() => {});
  const ill = (await prometheus.rules()).filter(({ health }) => health !== 'ok');
  assert.deepEqual(
    ill.map(({ name, lastError }) => `${name}: ${lastError}`),
    [],
  );
  assert.deepEqual(withoutData(await everyPanel(readDashboards(), prometheus)), []);
});

/** Names from the root down, with the mark of those that failed. */
function shapeOf({ spans }: JaegerTrace): string {
  const words: string[] = [];
  let span = spans.find(({ references }) => !references.some(({ refType }) => refType === 'CHILD_OF'));
  while (span) {
    const { spanID, operationName } = span;
    words.push(tagOf(span, 'error') === true ? `${operationName} ERROR` : operationName);
    span = spans.find(({ references }) =>
      references.some(parent => parent.refType === 'CHILD_OF' && parent.spanID === spanID),
    );
  }
  return words.length === spans.length ? words.join(' > ') : `${spans.length} spans that form no line: ${words}`;
}
