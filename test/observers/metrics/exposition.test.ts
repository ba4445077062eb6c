/** Proves what /metrics and /metrics/detailed expose, in which words, and that they do it in slices. */

import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { Exposition } from '../../../src/observers/metrics/exposition.js';
import { wholeOf } from '../../../src/observers/metrics/index.js';
import { linesOf } from '../../../src/observers/metrics/lines.js';
import { Pace, Slices } from '../../../src/observers/metrics/pace.js';
import { DETAILED, METRICS, prometheusType } from '../../../src/observers/metrics/table.js';
import { ANY } from '../../helpers/client.js';
import { meteredNode, nodeOf, settled, valuesOf } from './metered-node.js';
import { checkOpenMetrics } from './open-metrics.js';

test('OpenMetrics is well-formed, with counters named as their samples are not', async t => {
  const { metrics, join } = await meteredNode(t);
  await join();
  const { contentType, body } = metrics.page();
  assert.match(contentType, /^application\/openmetrics-text; version=1\.0\.0/);
  const types = checkOpenMetrics(await wholeOf(body));
  assert.equal(types.get('wamp_messages'), 'counter');
  assert.equal(types.get('process_cpu_seconds'), 'counter');
  assert.equal(types.get('nodejs_gc_duration_seconds'), 'histogram');
});

test('each metric of the table is exposed with its type, read once or read again', async t => {
  // Nobody listens there: a router that exports spans has metrics of that.
  const { metrics, join } = await meteredNode(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } });
  await join();
  await wholeOf(metrics.page().body);
  const types = checkOpenMetrics(await wholeOf(metrics.page().body));
  for (const row of Object.values(METRICS)) {
    assert.equal(types.get(row.name.replace(/_total$/, '')), prometheusType(row), row.name);
  }
});

test('who asks for text/plain gets the older format, where counters keep their names', async t => {
  const { metrics, join } = await meteredNode(t);
  await join();
  const { contentType, body } = metrics.page('text/plain;version=0.0.4');
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  const text = await wholeOf(body);
  assert.match(text, /^# TYPE wamp_messages_total counter$/m);
  assert.match(text, /^wamp_messages_total\{realm="realm1",type="HELLO",direction="received"\} 1$/m);
  assert.doesNotMatch(text, /# EOF/);
});

test('a scraper that takes both gets OpenMetrics', async t => {
  const { metrics } = await meteredNode(t);
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
  assert.match(metrics.page(accept).contentType, /openmetrics/);
});

test('an exemplar stands at the bucket of its call, in OpenMetrics only', async t => {
  const { metrics, join } = await meteredNode(t);
  const [caller, callee] = [await join(), await join()];
  await callee.receives([65, callee.request(64, {}, 'com.example.add'), ANY]);
  caller.request(48, {}, 'com.example.add');
  const [, id] = await callee.next('INVOCATION');
  callee.send([70, id, {}]);
  await caller.next('RESULT');
  const series = { realm: 'realm1', method: 'com.example.add', status: 'OK' };
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  metrics.exemplars.keep(series, { traceId, seconds: 0.004, at: 1_753_006_400_250 });
  const text = await wholeOf(metrics.page().body);
  checkOpenMetrics(text);
  const marked = text.split('\n').filter(line => line.includes(' # '));
  assert.equal(marked.length, 1);
  assert.match(marked[0]!, /^rpc_server_call_duration_seconds_bucket\{le="0\.005",realm="realm1",/);
  assert.ok(marked[0]!.endsWith(` # {trace_id="${traceId}"} 0.004 1753006400.25`), marked[0]);
  assert.doesNotMatch(await wholeOf(metrics.page('text/plain').body), /trace_id/);
});

test('exemplars of series that nobody exposes do not pile up', async t => {
  const { metrics } = await meteredNode(t);
  for (let i = 0; i < 3000; i++) {
    const series = { realm: 'realm1', method: `m${i}`, status: 'OK' };
    metrics.exemplars.keep(series, { traceId: '0'.repeat(32), seconds: 1, at: 0 });
  }
  assert.equal(metrics.exemplars.of({ realm: 'realm1', method: 'm0', status: 'OK' }), undefined);
  assert.ok(metrics.exemplars.of({ realm: 'realm1', method: 'm2999', status: 'OK' }));
});

test('what peers choose is escaped, and no scrape breaks on it', async t => {
  const { metrics, join } = await meteredNode(t);
  const client = await join();
  for (const uri of ['com.a"b\\c', 'com.d\ud800', 'com.d\ud801', `com.${'e'.repeat(1000)}`, '_OTHER']) {
    await client.receives([65, client.request(64, {}, uri), ANY]);
    client.request(48, {}, uri);
    const [, id] = await client.next('INVOCATION');
    client.send([70, id, {}]);
    await client.next('RESULT');
  }
  const text = await wholeOf(metrics.page().body);
  checkOpenMetrics(text);
  assert.match(text, /rpc_method="com\.a\\"b\\\\c"/);
  checkOpenMetrics(
    await wholeOf(metrics.detailed({ family: 'procedure', limit: 10, realm: undefined, match: undefined }).body),
  );
});

test('sessions are counted by kind, and by how they went', async t => {
  const { read, join, dial } = await meteredNode(t);
  const [leaves, breaks, kills, killed] = [await join(), await join(), await join(), await join()];
  const stays = await join('realm2');
  await leaves.leave();
  breaks.send([32]);
  await breaks.ended();
  kills.request(48, {}, 'wamp.session.kill', [killed.session]);
  await kills.next('RESULT');
  kills.wire.close();
  await kills.ended();
  const stranger = dial();
  stranger.sendHello('nowhere');
  await stranger.aborted('wamp.error.no_such_realm');
  const metrics = await read();
  const kind = 'transport="memory",serializer="json",authmethod="anonymous"';
  assert.deepEqual(valuesOf(metrics, 'wamp_sessions'), {
    [`realm="realm1",${kind}`]: 0,
    [`realm="realm2",${kind}`]: 1,
  });
  assert.deepEqual(valuesOf(metrics, 'wamp_session_opened_total'), { 'realm="realm1"': 4, 'realm="realm2"': 1 });
  assert.deepEqual(valuesOf(metrics, 'wamp_session_closed_total'), {
    'realm="realm1",reason="goodbye"': 1,
    'realm="realm1",reason="protocol_violation"': 1,
    'realm="realm1",reason="killed"': 1,
    'realm="realm1",reason="transport_lost"': 1,
  });
  assert.equal(metrics.get('wamp_session_duration_seconds_count{realm="realm1"}'), 4);
  assert.deepEqual(valuesOf(metrics, 'wamp_auth_duration_seconds_count'), {
    'authmethod="anonymous",outcome="ok"': 5,
    'authmethod="none",outcome="fail"': 1,
  });
  stays.wire.close();
});

test('a publication is counted by how many it reached', async t => {
  const { read, join } = await meteredNode(t);
  const publisher = await join();
  const subscribers = await Promise.all([join(), join(), join()]);
  for (const subscriber of subscribers) {
    await subscriber.receives([33, subscriber.request(32, {}, 'com.example.topic'), ANY]);
  }
  publisher.request(16, {}, 'com.example.topic');
  for (const subscriber of subscribers) await subscriber.next('EVENT');
  await publisher.receives([17, publisher.request(16, { acknowledge: true }, 'com.example.nobody'), ANY]);
  await settled();
  const metrics = await read();
  const reached = valuesOf(metrics, 'wamp_publish_fanout_bucket');
  const upTo = (bound: string): number => reached[`le="${bound}",realm="realm1"`]!;
  assert.deepEqual(['0', '1', '2', '5'].map(upTo), [1, 1, 1, 2]);
  assert.equal(metrics.get('wamp_publish_fanout_sum{realm="realm1"}'), 3);
  assert.equal(metrics.get('wamp_event_delivery_duration_seconds_count{realm="realm1"}'), 1);
});

test('sizes of messages are those that crossed the link, with the handshake', async t => {
  const { read, join } = await meteredNode(t);
  const client = await join();
  const metrics = await read();
  const [hello, welcome] = client.sizes;
  assert.equal(metrics.get('wamp_message_size_bytes_sum{type="HELLO"}'), hello);
  assert.equal(metrics.get('wamp_message_size_bytes_sum{type="WELCOME"}'), welcome);
});

test('/metrics/detailed names the sessions with the most octets, by realm and beginning of authid', async t => {
  const { detailed, join } = await meteredNode(t);
  const [quiet, loud, other] = [await join(), await join(), await join('realm2')];
  for (let i = 0; i < 20; i++) await loud.receives([17, loud.request(16, { acknowledge: true }, 'com.example.t'), ANY]);
  const sessionsOf = (metrics: ReadonlyMap<string, number>): Set<number> =>
    new Set(
      Object.keys(valuesOf(metrics, 'wamp_detailed_session_io_bytes_total')).map(labels =>
        Number(/session="(\d+)"/.exec(labels)![1]),
      ),
    );
  assert.deepEqual(sessionsOf(await detailed({ limit: 1 })), new Set([loud.session]));
  assert.deepEqual(sessionsOf(await detailed({ realm: 'realm2' })), new Set([other.session]));
  assert.deepEqual(sessionsOf(await detailed({})), new Set([quiet.session, loud.session, other.session]));
  const match = String(quiet.details.authid).slice(0, 6);
  assert.deepEqual(sessionsOf(await detailed({ match })), new Set([quiet.session]));
  assert.deepEqual(sessionsOf(await detailed({ match: 'nobody' })), new Set());
});

test('/metrics/detailed tells of a session what crossed its link', async t => {
  const { detailed, join } = await meteredNode(t);
  const client = await join();
  const metrics = await detailed({ realm: 'realm1' });
  const bytes = Object.values(valuesOf(metrics, 'wamp_detailed_session_io_bytes_total'));
  assert.deepEqual(bytes, client.sizes);
  const messages = Object.values(valuesOf(metrics, 'wamp_detailed_session_messages_total'));
  assert.deepEqual(messages, [1, 1]);
});

test('/metrics/detailed has procedures and topics with their use', async t => {
  const { detailed, join } = await meteredNode(t);
  const client = await join();
  await client.receives([33, client.request(32, { match: 'prefix' }, 'com.example.'), ANY]);
  for (let i = 0; i < 3; i++) {
    client.request(16, { exclude_me: false }, 'com.example.topic');
    await client.next('EVENT');
  }
  client.request(48, {}, 'wamp.session.count');
  await client.next('RESULT');
  const topics = await detailed({ family: 'topic', match: 'com.' });
  assert.deepEqual(valuesOf(topics, 'wamp_detailed_topic_events_total'), {
    'realm="realm1",topic="com.example.",match="prefix"': 3,
  });
  const procedures = await detailed({ family: 'procedure', limit: 1 });
  assert.deepEqual(valuesOf(procedures, 'wamp_detailed_procedure_calls_total'), {
    'realm="realm1",procedure="wamp.session.count",match="exact"': 1,
  });
});

test('without a listener and without an endpoint nothing is measured', async () => {
  const node = nodeOf({ http: undefined });
  assert.equal(node.metrics, undefined);
  assert.equal(node.workers[0]!.router.metering, undefined);
});

test('a scrape gives the loop back between its slices', async t => {
  const { metrics, join, node } = await meteredNode(t);
  await join();
  const realm = node.workers[0]!.router.realm('realm1')!;
  for (let i = 0; i < 400; i++) realm.meter!.refused(48, `com.example.e${i}`, undefined);
  let turns = 0;
  let isDone = false;
  const watch = (): void => {
    turns++;
    if (!isDone) setImmediate(watch);
  };
  setImmediate(watch);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const text = await wholeOf(metrics.page().body);
  isDone = true;
  delay.disable();
  assert.ok(text.split('\n').length > 4000);
  assert.ok(turns > 3, `${turns} turns`);
});

test('the lines of /metrics/detailed are those that prom-client would write', async () => {
  const row = DETAILED.topic.events;
  const samples = ['com.a', 'a"b\\c\nd', ''].map((topic, i) => ({
    labels: ['realm1', topic, 'exact'],
    value: i * 1.5,
  }));
  const families = [
    { row, samples },
    { row: DETAILED.topic.subscribers, samples },
    { row: DETAILED.session.dropped, samples: [] },
  ];
  for (const type of [Registry.OPENMETRICS_CONTENT_TYPE, Registry.PROMETHEUS_CONTENT_TYPE]) {
    const exposition = new Exposition(type);
    const expected = await wholeOf(exposition.text(families, [], new Slices(new Pace())));
    assert.equal(await wholeOf(linesOf(families, exposition.isOpen, new Slices(new Pace()))), expected);
  }
});
