/** Owns the rows pipeline against a collector that is there, silent, gone or wrong, and against the loss of its worker. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { createSpans } from '../../../src/observers/spans/index.js';
import { Actions, end, session } from './actions.js';
import { assertAddsUp, calls, deadEndpoint, Log, outcomes, PEERS, rowsTo, tunedRows, until } from './pipelines.js';
import { Receiver } from './receiver.js';

test('a burst of 3000 publications in one turn, of 10,000 receivers each, loses nothing', async () => {
  await using receiver = await Receiver.start();
  const log = new Log();
  const spans = rowsTo(receiver.endpoint, log);
  const actions = new Actions(2);
  const burst = Array.from({ length: 3000 }, () => actions.publish('com.example.on', PEERS[0]!, 10_000));
  for (const action of burst) spans.onActionEnd?.(action);
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 6000, exported: 6000, dropped: 0, failed: 0, waiting: 0 });
  const ids = new Set(receiver.sorted().map(span => span.spanId));
  assert.equal(ids.size, 6000);
  for (const action of burst) assert.ok(ids.has(action.spanId));
  assert.deepEqual(log.lines, []);
});

test('100,000 spans at 50,000 a second lose nothing, in requests of bounded size', async () => {
  await using receiver = await Receiver.start();
  receiver.onlyCounts = true;
  const spans = rowsTo(receiver.endpoint, new Log());
  const start = performance.now();
  for (let done = 0; done < 50_000; ) {
    const due = Math.min(50_000, Math.floor((performance.now() - start) * 25));
    calls(spans, due - done);
    done = due;
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 100_000, exported: 100_000, dropped: 0, failed: 0, waiting: 0 });
  assert.equal(receiver.spans, 100_000);
  assert.deepEqual(receiver.faults, []);
  assert.ok(Math.max(...receiver.requests.map(request => request.spans)) <= 2048);
});

for (const pipeline of ['rows', 'sdk'] as const) {
  test(`a ${pipeline} pipeline that nobody closes does not keep the process alive`, async () => {
    const url = (file: string) => new URL(file, import.meta.url).href;
    const program = `import { createSpans } from '${url('../../../src/observers/spans/index.js')}';
      import { calls } from '${url('./pipelines.js')}';
      const spans = createSpans({ pipeline: '${pipeline}', endpoint: 'http://127.0.0.1:9', env: {}, log: console });
      calls(spans, 1);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: 'inherit',
      timeout: 10_000,
    });
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });
}

test('what is written leaves by itself within the flush interval', async () => {
  await using receiver = await Receiver.start();
  const spans = rowsTo(receiver.endpoint, new Log());
  calls(spans, 1);
  await until(() => receiver.spans === 2);
  await until(() => spans.stats().exported === 2);
  await spans.close();
});

test('requests carry path, headers, type and compression that the environment asks for', async () => {
  await using receiver = await Receiver.start();
  const spans = rowsTo(receiver.endpoint, new Log(), {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme%2Cinc,x-both=all',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-both=traces',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  });
  calls(spans, 100);
  await spans.flush();
  const [request] = receiver.requests;
  assert.equal(request!.path, '/v1/traces');
  assert.equal(request!.headers['content-type'], 'application/x-protobuf');
  assert.equal(request!.headers['content-encoding'], 'gzip');
  assert.equal(request!.headers['x-tenant'], 'acme,inc');
  assert.equal(request!.headers['x-both'], 'traces');
  assert.match(request!.headers['user-agent'] ?? '', /^wampscope\/\d/);
  assert.equal(request!.parts[0]!.spans.length, 200);
  await spans.close();
});

test('a collector that says 503 first gets the same spans again', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = (response, count) => {
    if (count === 1) response.writeHead(503, { 'retry-after': '0' }).end();
    else response.writeHead(200).end();
  };
  const log = new Log();
  const spans = rowsTo(receiver.endpoint, log);
  calls(spans, 3);
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 6, exported: 6, dropped: 0, failed: 0, waiting: 0 });
  assert.equal(receiver.requests.length, 2);
  assert.deepEqual(receiver.requests[0]!.parts, receiver.requests[1]!.parts);
  assert.deepEqual(log.lines, []);
});

test('what the collector refuses is failed, with its reason in the log once', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = response => response.writeHead(400).end('no such tenant');
  const log = new Log();
  const spans = rowsTo(receiver.endpoint, log);
  calls(spans, 3);
  await spans.flush();
  calls(spans, 4);
  await spans.flush();
  assert.deepEqual(outcomes(spans), { spans: 14, exported: 0, dropped: 0, failed: 14, waiting: 0 });
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /refuses spans: 400 Bad Request: no such tenant; 6 spans failed/);
  await spans.close();
});

test('a partial success counts the spans that were rejected', async () => {
  await using receiver = await Receiver.start();
  // ExportTraceServiceResponse.partial_success = 1 { rejected_spans = 1: 5, error_message = 2: "full" }
  const body = Buffer.from([0x0a, 8, 0x08, 5, 0x12, 4, ...Buffer.from('full')]);
  receiver.answer = (response, count) => response.writeHead(200).end(count === 1 ? body : '');
  const log = new Log();
  const spans = rowsTo(receiver.endpoint, log);
  calls(spans, 10);
  await spans.flush();
  calls(spans, 10);
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 40, exported: 35, dropped: 0, failed: 5, waiting: 0 });
  assert.match(log.lines[0]!, /5 spans rejected by the collector: full/);
});

test('without a collector the router goes on, memory stays bounded and every span is counted', async () => {
  const log = new Log();
  const spans = rowsTo(await deadEndpoint(), log);
  const before = process.memoryUsage().arrayBuffers;
  let longest = 0;
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    calls(spans, 1000, i + 1);
    longest = Math.max(longest, performance.now() - start);
    await new Promise(resolve => setImmediate(resolve));
  }
  const { spans: ended, exported, dropped } = spans.stats();
  assert.equal(ended, 400_000);
  assert.equal(exported, 0);
  assert.ok(dropped > 200_000, `${dropped} dropped`);
  assert.ok(longest < 200, `${longest} ms for 1000 actions`);
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 24 * 1024 * 1024, `${grown} octets`);
  const start = performance.now();
  await spans.close();
  assert.ok(performance.now() - start < 3500);
  assertAddsUp(spans);
  assert.equal(spans.stats().exported, 0);
  assert.match(log.lines.at(-1)!, /could not be exported before the end/);
});

test('close waits no longer than 3 s for a silent collector, and actions after it are dropped', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = () => {};
  // The SDK goes on trying behind the back of a close; beyond this time it would keep the test alive.
  const env = { OTEL_EXPORTER_OTLP_TIMEOUT: '4000' };
  const closed = (['rows', 'sdk'] as const).map(async pipeline => {
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env, log: new Log() });
    calls(spans, 5000);
    const start = performance.now();
    await Promise.all([spans.close(), spans.close(), spans.flush()]);
    assert.ok(performance.now() - start < 3500);
    assert.deepEqual(outcomes(spans), { spans: 10_000, exported: 0, dropped: 0, failed: 10_000, waiting: 0 });
    calls(spans, 1);
    assert.deepEqual(outcomes(spans), { spans: 10_002, exported: 0, dropped: 2, failed: 10_000, waiting: 0 });
  });
  await Promise.all(closed);
});

test('a worker that dies takes its spans along, and another one goes on', async () => {
  await using receiver = await Receiver.start();
  const workers: Worker[] = [];
  const log = new Log();
  const spans = tunedRows(receiver.endpoint, log, { onWorker: worker => workers.push(worker) });
  calls(spans, 10);
  await spans.flush();
  // Rows written before the death, read after it: the new worker must learn the names of the first ten.
  calls(spans, 20);
  await workers[0]!.terminate();
  await until(() => workers.length === 2);
  await spans.flush();
  assert.deepEqual(outcomes(spans), { spans: 60, exported: 60, dropped: 0, failed: 0, waiting: 0 });
  assert.match(log.lines[0]!, /the worker died .* it is started again/);
  assert.deepEqual(new Set(receiver.sorted().map(span => span.name)).size, 20);

  receiver.answer = () => {};
  calls(spans, 2000);
  await until(() => receiver.requests.some(request => request.spans > 40));
  await workers[1]!.terminate();
  await until(() => workers.length === 3);
  const { failed } = spans.stats();
  assert.ok(failed > 1500, `${failed} failed`);
  receiver.answer = response => response.writeHead(200).end();
  await spans.close();
  assertAddsUp(spans);
  assert.equal(spans.stats().dropped, 0);
});

test('a worker that dies again and again is given up, and spans are dropped', async () => {
  let started = 0;
  const log = new Log();
  const spans = tunedRows('http://127.0.0.1:9', log, {
    onWorker(worker) {
      started++;
      void worker.terminate();
    },
  });
  // Begun while the last workers die, handed over when there is none.
  calls(spans, 1);
  await until(() => log.lines.length === 6);
  await until(() => spans.stats().failedBy.worker_died === 2);
  assert.equal(started, 6);
  assert.match(log.lines[5]!, /no spans are exported from now on/);
  calls(spans, 5);
  await spans.flush();
  assert.deepEqual(outcomes(spans), { spans: 12, exported: 0, dropped: 10, failed: 2, waiting: 0 });
  assert.equal(spans.stats().droppedBy.no_worker, 10);
  await spans.close();
});

test('more URIs and sessions than the table holds are all told by their names', async () => {
  await using receiver = await Receiver.start();
  const spans = rowsTo(receiver.endpoint, new Log());
  const actions = new Actions(3);
  const expected = new Map<string, string>();
  for (let i = 0; i < 20_000; i++) {
    const action = end(actions.action('subscribe', `com.example.t${i}`, session(i + 1)), 'ok');
    expected.set(action.spanId, `subscribe com.example.t${i} user-${i + 1}`);
    spans.onActionEnd?.(action);
  }
  // A flush is over after 3 s, however slow the machine.
  await until(() => spans.stats().waiting === 0, 30);
  await spans.close();
  assert.equal(spans.stats().exported, 20_000);
  for (const span of receiver.sorted()) {
    const authid = span.attributes.find(([key]) => key === 'wamp.authid')![1][1];
    assert.equal(`${span.name} ${authid}`, expected.get(span.spanId));
  }
});
