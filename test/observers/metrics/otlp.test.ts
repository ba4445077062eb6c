/** Proves that what a collector receives over OTLP is, sample by sample, what /metrics exposes. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { wholeOf } from '../../../src/observers/metrics/index.js';
import { metricsExportOptions } from '../../../src/observers/metrics/otlp-settings.js';
import { METRICS } from '../../../src/observers/metrics/table.js';
import { parseMetrics } from '../../e2e/prometheus.js';
import { ANY } from '../../helpers/client.js';
import { type MeteredNode, meteredNode, nodeOf, settled } from './metered-node.js';
import { MetricsReceiver } from './otlp-receiver.js';

/** They tell of the time between two readings, or of the last scrape, so no two readers are told the same. */
const OF_THE_READING = /^(?:nodejs_eventloop_utilization|wamp_scrape)/;

/** A receiver, and what a node with `env` needs to export to it; both end with the test, the node first. */
async function exporting(t: TestContext, env: NodeJS.ProcessEnv): Promise<[MetricsReceiver, MeteredNode]> {
  const receiver = await MetricsReceiver.listen();
  const node = await meteredNode(t, { metrics: { endpoint: receiver.url, export_interval: 300 }, env });
  t.after(() => receiver.close());
  return [receiver, node];
}

/** Something of everything: calls that go well and not, events, sessions that leave. */
async function traffic({ join }: MeteredNode): Promise<void> {
  const [caller, callee, gone] = [await join(), await join(), await join('realm2')];
  await callee.receives([65, callee.request(64, {}, 'com.example.add'), ANY]);
  await callee.receives([33, callee.request(32, { match: 'prefix' }, 'com.example.'), ANY]);
  for (let i = 0; i < 20; i++) {
    caller.request(48, {}, 'com.example.add', [i]);
    const [, id] = await callee.next('INVOCATION');
    callee.send(i % 4 === 0 ? [8, 68, id, {}, 'com.example.error.no'] : [70, id, {}, [i]]);
    await caller.next('RESULT or ERROR');
  }
  await caller.refused('wamp.error.no_such_procedure', 48, {}, 'com.example.nothing');
  caller.request(16, {}, 'com.example.topic', ['x'.repeat(1000)]);
  await callee.next('EVENT');
  await gone.leave();
  await settled();
}

for (const protocol of ['http/protobuf', 'http/json']) {
  test(`what arrives over ${protocol} is what /metrics exposes, sample by sample`, async t => {
    const [receiver, node] = await exporting(t, { OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: protocol });
    await traffic(node);
    const exposed = parseMetrics(await wholeOf(node.metrics.page('text/plain').body));
    // The first export that began after the traffic has ended.
    const settledAt = Date.now();
    const told = await receiver.exportAfter(settledAt);
    const expected = [...exposed].filter(([key]) => isOurs(key)).map(([key, value]) => `${sorted(key)} ${value}`);
    const actual = [...told.samples].filter(([key]) => isOurs(key)).map(([key, value]) => `${key} ${value}`);
    assert.ok(expected.length > 200, `${expected.length} samples`);
    assert.deepEqual(actual.sort(), expected.sort());
    assert.equal(told.resource['service.name'], 'wampscope');
    assert.ok(told.units.has('rpc.server.call.duration s'));
    assert.ok(told.units.has('wamp.message.io By'));
    assert.deepEqual([...receiver.requests], [`POST /v1/metrics ${told.contentType}`]);
  });
}

const OURS: ReadonlySet<string> = new Set(Object.values(METRICS).map(({ name }) => name));

/** Not of Node.js, which has other names in OTLP. */
function isOurs(key: string): boolean {
  const name = key.replace(/\{.*/, '');
  return !OF_THE_READING.test(key) && (OURS.has(name) || OURS.has(name.replace(/_(?:bucket|sum|count)$/, '')));
}

/** Labels in the order of their names, without those that are empty. */
function sorted(key: string): string {
  const [, name, labels = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(key)!;
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].filter(([, , value]) => value !== '');
  return `${name}{${pairs
    .map(([, label, value]) => `${label}=${value}`)
    .sort()
    .join(',')}}`;
}

test('the last export happens at the stop', async t => {
  const receiver = await MetricsReceiver.listen();
  t.after(() => receiver.close());
  const node = nodeOf({ metrics: { endpoint: receiver.url }, http: undefined });
  await node.start();
  await node.stop();
  assert.equal(receiver.exports.length, 1);
});

test('a collector that is down is told of once, and delays the stop by no more than some seconds', async () => {
  const receiver = await MetricsReceiver.listen();
  const { url } = receiver;
  await receiver.close();
  const warnings: string[] = [];
  const node = nodeOf({ metrics: { endpoint: url, export_interval: 100 }, http: undefined }, warnings);
  await node.start();
  while (warnings.length === 0) await new Promise(resolve => setTimeout(resolve, 20));
  const began = performance.now();
  await node.stop();
  assert.ok(performance.now() - began < 5000);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /metrics are not exported to http:\/\/127\.0\.0\.1:\d+\/v1\/metrics: /);
});

const NO_LOG = { warn: (line: string) => assert.fail(line) };
const UNSET = { endpoint: undefined, interval: undefined };

test('metrics are exported when somebody asks for it by name, and not otherwise', () => {
  const urlOf = (endpoint: string | undefined, env: NodeJS.ProcessEnv): string | undefined =>
    metricsExportOptions({ ...UNSET, endpoint }, env, NO_LOG)?.settings.url;
  assert.equal(urlOf(undefined, {}), undefined);
  assert.equal(urlOf(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1' }), undefined);
  assert.equal(urlOf(undefined, { OTEL_METRICS_EXPORTER: 'none' }), undefined);
  assert.equal(urlOf('http://c:1', { OTEL_METRICS_EXPORTER: 'none' }), undefined);
  assert.equal(urlOf('http://c:1', { OTEL_SDK_DISABLED: 'true' }), undefined);
  assert.equal(urlOf(undefined, { OTEL_METRICS_EXPORTER: 'otlp' }), 'http://localhost:4318/v1/metrics');
  const both = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1/x' };
  assert.equal(urlOf(undefined, both), 'http://c:1/x/v1/metrics');
  assert.equal(urlOf(undefined, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:1/own' }), 'http://c:1/own');
  assert.equal(urlOf('http://c:1', {}), 'http://c:1/v1/metrics');
});

test('variables with a value that is not served are named', () => {
  const cases: [NodeJS.ProcessEnv, RegExp][] = [
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, /'prometheus' of OTEL_METRICS_EXPORTER/],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'c:1' }, /OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to be an http/],
    [{ OTEL_METRICS_EXPORTER: 'otlp', OTEL_METRIC_EXPORT_INTERVAL: 'soon' }, /OTEL_METRIC_EXPORT_INTERVAL .*60000/],
  ];
  for (const [env, message] of cases) assert.throws(() => metricsExportOptions(UNSET, env, NO_LOG), message);
});

test('who wants another temporality than cumulative hears that there is none', () => {
  const warnings: string[] = [];
  const env = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };
  metricsExportOptions(UNSET, env, { warn: line => void warnings.push(line) });
  assert.match(warnings.join(), /TEMPORALITY_PREFERENCE is "delta"/);
});
