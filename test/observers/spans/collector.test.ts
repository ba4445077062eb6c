/** Owns both pipelines against collectors that misbehave: what arrives, what is counted, what is said, what it costs. */

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { createSpans, type SpanPipeline } from '../../../src/observers/spans/index.js';
import { Actions } from './actions.js';
import { assertAddsUp, calls, deadEndpoint, Log, outcomes, PEERS, rowsTo, tunedRows, until } from './pipelines.js';
import { Receiver } from './receiver.js';

/** The times of an outage, a twentieth of what they are. */
const QUICK = { firstPause: 50, maxPause: 250, breaker: { failures: 5, probeAfter: 250 } };
const PIPELINES = ['rows', 'sdk'] as const;

/** `n` calls that failed, of two spans each. */
function failures(spans: SpanPipeline, n: number): void {
  const actions = new Actions(99);
  for (let i = 0; i < n; i++) {
    spans.onActionEnd?.(actions.call('com.example.broken', PEERS[0]!, PEERS[1]!, 'error', 'com.example.error.broken'));
  }
}

function named(receiver: Receiver, name: string): number {
  return receiver.sorted().filter(span => span.name === name).length;
}

for (const pipeline of PIPELINES) {
  for (const status of [429, 503]) {
    for (const [form, header] of [
      ['seconds', () => '1'],
      ['a date', () => new Date(Date.now() + 2000).toUTCString()],
    ] as const) {
      test(`${pipeline}: ${status} with Retry-After in ${form} is honoured`, async () => {
        await using receiver = await Receiver.start();
        receiver.answer = (response, count) => {
          if (count === 1) response.writeHead(status, { 'retry-after': header() }).end();
          else response.writeHead(200).end();
        };
        const log = new Log();
        const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env: {}, log });
        calls(spans, 5);
        await spans.flush();
        assert.deepEqual(outcomes(spans), { spans: 10, exported: 10, dropped: 0, failed: 0, waiting: 0 });
        const [first, second] = receiver.times;
        assert.ok(second! - first! >= 950 && second! - first! < 2900, `${second! - first!} ms`);
        assert.deepEqual(log.lines, []);
        await spans.close();
      });
    }
  }

  test(`${pipeline}: 400 is not repeated, and logged once with status and body`, async () => {
    await using receiver = await Receiver.start();
    receiver.answer = response => response.writeHead(400).end(`no such tenant\n\u001b[31m${'x'.repeat(10_000)}`);
    const log = new Log();
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env: {}, log });
    for (let i = 0; i < 8; i++) {
      calls(spans, 3);
      await spans.flush();
    }
    assert.deepEqual(outcomes(spans), { spans: 48, exported: 0, dropped: 0, failed: 48, waiting: 0 });
    assert.equal(spans.stats().failedBy.refused, 48);
    assert.equal(spans.stats().breaker, 'closed', 'a collector that says no is there');
    assert.equal(receiver.requests.length, 8);
    assert.equal(log.lines.length, 1);
    assert.match(log.lines[0]!, /400 Bad Request ?: no such tenant /);
    assert.ok(log.lines[0]!.length < 400);
    assert.ok(!log.lines[0]!.includes('\u001b'), 'nothing that a terminal obeys');
    await spans.close();
  });

  for (const protocol of ['http/protobuf', 'http/json']) {
    test(`${pipeline}: a partial success over ${protocol} counts what was rejected, and is logged once`, async () => {
      await using receiver = await Receiver.start();
      const protobuf = Buffer.from([0x0a, 8, 0x08, 5, 0x12, 4, ...Buffer.from('full')]);
      const json = JSON.stringify({ partialSuccess: { rejectedSpans: '5', errorMessage: 'full' } });
      receiver.answer = response => response.writeHead(200).end(protocol === 'http/json' ? json : protobuf);
      const log = new Log();
      const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
      const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env, log });
      for (let i = 0; i < 3; i++) {
        calls(spans, 10);
        await spans.flush();
      }
      await spans.close();
      assert.deepEqual(outcomes(spans), { spans: 60, exported: 45, dropped: 0, failed: 15, waiting: 0 });
      assert.equal(spans.stats().failedBy.rejected, 15);
      assert.equal(log.lines.length, 1);
      assert.match(log.lines[0]!, /5 spans rejected by the collector: full/);
    });
  }

  test(`${pipeline}: a collector that closes before it answers gets the same spans again`, async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (response, count) => {
      if (count === 1) response.socket!.destroy();
      else response.writeHead(200).end();
    };
    const log = new Log();
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env: {}, log });
    calls(spans, 5);
    await spans.flush();
    assert.deepEqual(outcomes(spans), { spans: 10, exported: 10, dropped: 0, failed: 0, waiting: 0 });
    assert.deepEqual(receiver.requests[0]!.parts, receiver.requests[1]!.parts);
    await spans.close();
  });

  for (const [status, exported] of [
    [200, 10],
    [503, 10],
    [400, 0],
  ] as const) {
    test(`${pipeline}: when the answer breaks off in its body, its status ${status} holds`, async () => {
      await using receiver = await Receiver.start();
      receiver.answer = (response, count) => (count === 1 ? breakOff(response, status) : response.writeHead(200).end());
      const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env: {}, log: new Log() });
      calls(spans, 5);
      await spans.flush();
      assert.deepEqual(outcomes(spans), { spans: 10, exported, dropped: 0, failed: 10 - exported, waiting: 0 });
      assert.equal(receiver.requests.length, status === 503 ? 2 : 1);
      await spans.close();
    });
  }

  test(`${pipeline}: an answer without end is not read to its end`, async () => {
    await using receiver = await Receiver.start();
    let written = 0;
    receiver.answer = response => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more).on('error', () => {});
      more();
    };
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env: {}, log: new Log() });
    calls(spans, 5);
    await spans.flush();
    assert.deepEqual(outcomes(spans), { spans: 10, exported: 0, dropped: 0, failed: 10, waiting: 0 });
    assert.ok(written < 32 * 1024 * 1024, `${written} octets`);
    await spans.close();
  });

  test(`${pipeline}: a slow collector costs the router neither time nor memory, and every span is counted`, async () => {
    await using receiver = await Receiver.start();
    receiver.onlyCounts = true;
    receiver.answer = response => setTimeout(() => response.writeHead(200).end(), 300);
    const env = { OTEL_BSP_MAX_QUEUE_SIZE: '20000' };
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env, log: new Log() });
    let most = 0;
    for (let i = 0; i < 100; i++) {
      calls(spans, 1000);
      const { waiting, sending, waitingBytes, capacityBytes } = spans.stats();
      most = Math.max(most, waiting - sending);
      assert.ok(waitingBytes <= capacityBytes);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    assert.ok(most <= 20_000, `${most} spans waited`);
    assert.ok(spans.stats().droppedBy.queue_full > 100_000);
    receiver.answer = response => response.writeHead(200).end();
    await spans.flush();
    assertAddsUp(spans);
    const { spans: ended, exported, dropped, waiting } = spans.stats();
    assert.deepEqual([ended, exported + dropped, waiting], [200_000, 200_000, 0]);
    assert.equal(
      exported,
      receiver.requests.reduce((sum, request) => sum + request.spans, 0),
    );
    await spans.close();
  });

  test(`${pipeline}: when too many wait, ordinary spans go before those of failures`, async () => {
    await using receiver = await Receiver.start();
    let isOpen = false;
    const held: ServerResponse[] = [];
    receiver.answer = response => {
      if (isOpen) response.writeHead(200).end();
      else held.push(response);
    };
    const env = { OTEL_BSP_MAX_QUEUE_SIZE: '20000' };
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env, log: new Log() });
    calls(spans, 4000);
    await until(() => held.length === 2);
    for (let i = 0; i < 60; i++) {
      calls(spans, 990);
      failures(spans, 10);
    }
    const { importantDropped, droppedBy, failedBy } = spans.stats();
    assert.equal(importantDropped, 0);
    assert.ok(droppedBy.queue_full > 90_000, JSON.stringify({ droppedBy, failedBy }));
    isOpen = true;
    for (const response of held) response.writeHead(200).end();
    await spans.flush();
    assert.equal(outcomes(spans).waiting, 0);
    assert.equal(named(receiver, 'call com.example.broken'), 600);
    assert.equal(named(receiver, 'invoke com.example.broken'), 600);
    await spans.close();
  });

  test(`${pipeline}: more failures than fit push out the oldest of them, counted as such`, async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => {};
    const env = { OTEL_BSP_MAX_QUEUE_SIZE: '2000', OTEL_EXPORTER_OTLP_TIMEOUT: '3000' };
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env, log: new Log() });
    failures(spans, 20_000);
    const { waiting, sending, importantDropped, droppedBy } = spans.stats();
    assert.ok(waiting - sending <= 2000, `${waiting - sending}`);
    assert.ok(importantDropped >= 30_000);
    assert.equal(droppedBy.queue_full, importantDropped);
    await spans.close();
    assert.equal(outcomes(spans).waiting, 0);
  });
}

test('an outage: ordinary spans are dropped at once, failures wait, and export resumes by itself', async () => {
  await using receiver = await Receiver.start();
  const log = new Log();
  const spans = tunedRows(receiver.endpoint, log, { timing: QUICK });
  calls(spans, 100);
  await spans.flush();
  await receiver.kill();
  calls(spans, 2000);
  await until(() => spans.stats().breaker !== 'closed');
  const before = spans.stats().droppedBy.breaker_open;
  calls(spans, 1000);
  failures(spans, 50);
  assert.equal(spans.stats().droppedBy.breaker_open - before, 2000);
  await receiver.restart();
  await until(() => spans.stats().waiting === 0);
  const stats = spans.stats();
  assert.equal(stats.breaker, 'closed');
  assert.equal(stats.breakerOpened, 1);
  assert.ok(stats.retries > 0);
  assert.deepEqual([stats.spans, stats.exported, stats.dropped, stats.failed], [6300, 4300, 2000, 0]);
  calls(spans, 100);
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 6500, exported: 4500, dropped: 2000, failed: 0, waiting: 0 });
  assert.equal(receiver.spans, 4500);
  assert.equal(named(receiver, 'call com.example.broken'), 50);
  assert.equal(log.lines.length, 2);
  assert.match(log.lines[0]!, /does not take spans \(.*ECONN/);
  assert.match(log.lines[1]!, /takes spans again; so far 2000 spans were dropped and 0 failed/);
});

test('a collector that never answers opens the breaker; when it answers again, what waited arrives', async () => {
  await using receiver = await Receiver.start();
  const silent: ServerResponse[] = [];
  receiver.answer = response => silent.push(response);
  const log = new Log();
  const env = { OTEL_EXPORTER_OTLP_TIMEOUT: '100' };
  const spans = tunedRows(receiver.endpoint, log, { timing: QUICK, env });
  failures(spans, 3000);
  await until(() => log.lines.length > 0);
  assert.notEqual(spans.stats().breaker, 'closed');
  assert.match(log.lines[0]!, /no answer within 100 ms/);
  receiver.answer = response => response.writeHead(200).end();
  await until(() => spans.stats().waiting === 0);
  assert.deepEqual(outcomes(spans), { spans: 6000, exported: 6000, dropped: 0, failed: 0, waiting: 0 });
  await spans.close();
});

test('a request that nobody takes for too long is given up, and the next ones are tried', async () => {
  const log = new Log();
  const timing = { ...QUICK, giveUpAfter: 300 };
  const spans = tunedRows(await deadEndpoint(), log, { timing });
  failures(spans, 10);
  await spans.flush();
  assert.deepEqual(outcomes(spans), { spans: 20, exported: 0, dropped: 0, failed: 20, waiting: 0 });
  assert.equal(spans.stats().failedBy.gave_up, 20);
  await spans.close();
});

test('in-flight requests are two at most', async () => {
  await using receiver = await Receiver.start();
  receiver.onlyCounts = true;
  let now = 0;
  let most = 0;
  receiver.answer = response => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now--;
      response.writeHead(200).end();
    }, 20);
  };
  const spans = rowsTo(receiver.endpoint, new Log());
  calls(spans, 20_000);
  await spans.close();
  assert.deepEqual(outcomes(spans), { spans: 40_000, exported: 40_000, dropped: 0, failed: 0, waiting: 0 });
  assert.equal(most, 2);
  const { requests, requestSeconds, bytesSent, inFlight } = spans.stats();
  assert.equal(requests, receiver.requests.length);
  assert.equal(inFlight, 0);
  assert.ok(requestSeconds >= requests * 0.015);
  assert.ok(bytesSent > 40_000 * 100);
});

function breakOff(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 1000, 'retry-after': '0' });
  response.write('half', () => setTimeout(() => response.socket?.destroy(), 20));
}
