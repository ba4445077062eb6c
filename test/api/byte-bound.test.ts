/** Owns the promise that a trace which would have to hold back too much stops itself, says why, and counts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceOptions } from '../../src/api/trace-options.js';
import { Traces } from '../../src/api/traces.js';
import { Observed } from '../trace/observed.js';

test('a trace that holds back more than max_bytes stops itself, and keeps what it has', async () => {
  const o = new Observed();
  const { after, cancel } = o.time.timers;
  const traces = new Traces({
    clock: o.time.clock,
    after,
    cancel,
    watch: observer => o.correlator.add(observer),
    unwatch: observer => o.correlator.remove(observer),
    codec: o.router.serializers.json,
  });
  const stopped: (string | undefined)[] = [];
  traces.listen({
    traceStarted: () => {},
    traceData: () => {},
    traceStopped: trace => stopped.push(trace.stopReason),
  });
  const options = { filter: { min_duration: 1000 }, trace_app_payload: true, max_bytes: 65_536, batching_period: 100 };
  traces.start('slow', parseTraceOptions(options));
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  for (let i = 0; i < 20; i++) await client.request([48, undefined, {}, 'com.p', ['x'.repeat(1000)]]);
  o.time.advance(100);
  assert.deepEqual(stopped, []);
  for (let i = 0; i < 60; i++) await client.request([48, undefined, {}, 'com.p', ['x'.repeat(1000)]]);
  o.time.advance(100);
  assert.deepEqual(stopped, ['byte_bound']);
  assert.equal(traces.stoppedForHarm, 1);
  assert.ok(traces.get('slow').dropped > 0);
});
