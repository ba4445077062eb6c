// Owns what "everything on" means: the telemetry sink next to the load, the running trace, and the account of spans.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RawClient } from './raw-client.mjs';
import { startServer } from './servers.mjs';

const MANAGEMENT_REALM = 'com.wampscope.management';
/** Two per call (the router's and the callee's side), two per publication (the publication and its deliveries). */
const SPANS_PER_OPERATION = 2;
const QUIET_MS = 400;
const PATIENCE_MS = 4000;

export function telemetryEnv(sinkPort) {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sinkPort}`,
    // Every span, and soon: the benchmark asks what full tracing costs, and waits for the last span after each round.
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_BSP_SCHEDULE_DELAY: '500',
  };
}

/** Everything that has to be done to a started server before it counts as "everything on". */
export async function prepareOn(server, traceOptions = {}) {
  const client = await RawClient.join(server.port, MANAGEMENT_REALM);
  let request = 0;
  const call = async (procedure, ...args) => {
    request += 1;
    const reply = await client.ask([48, request, {}, procedure, args]);
    if (reply[0] !== 50) throw new Error(`${procedure}: ${JSON.stringify(reply)}`);
    return reply[3]?.[0];
  };
  try {
    for (const node of await call('crossbarfabriccenter.list_nodes')) {
      for (const worker of await call('crossbarfabriccenter.list_workers', node)) {
        await call('crossbarfabriccenter.start_trace', node, worker, 'bench', {
          trace_level: 'message',
          ...traceOptions,
        });
      }
    }
  } finally {
    client.close();
  }
}

export function startSink(port) {
  const args = [fileURLToPath(new URL('otlp-sink.mjs', import.meta.url)), String(port)];
  return startServer({ name: 'sink', args, port, nextToLoad: true });
}

export async function readSink(sink) {
  const response = await fetch(`http://127.0.0.1:${sink.port}/count`);
  return response.json();
}

/** Waits until the sink has been quiet for a while: briefly once all that was expected is in, longer before that. */
async function drained(sink, enough) {
  let { spans } = await readSink(sink);
  for (let since = performance.now(); ; await sleep(50)) {
    const now = await readSink(sink);
    if (now.spans !== spans) {
      spans = now.spans;
      since = performance.now();
    }
    if (performance.now() - since > (spans >= enough ? QUIET_MS : PATIENCE_MS)) return spans;
  }
}

/**
 * Wraps a measurement with the account of its spans. Sessions, registrations and subscriptions may bring spans of
 * their own, so `received` may exceed `expected`; `lost` is what is certainly missing.
 */
export async function withSpanAccount(sink, run) {
  const before = await drained(sink, 0);
  const figures = await run();
  const expected = SPANS_PER_OPERATION * figures.operations;
  const received = (await drained(sink, before + expected)) - before;
  return { ...figures, spans: { expected, received, lost: Math.max(0, expected - received) } };
}
