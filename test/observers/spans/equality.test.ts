/**
 * Owns that both pipelines, in both encodings, tell the same of the same actions; and the same as what the SDK's batch
 * processor makes of them with the official exporter, of which nothing is ours.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { createSpans } from '../../../src/observers/spans/index.js';
import type { SessionRef } from '../../../src/tap.js';
import type { ActionKind, TracedAction } from '../../../src/trace/action.js';
import type { Observer } from '../../../src/trace/observer.js';
import type { Outcome } from '../../../src/trace/outcome.js';
import type { OpeningOutcome } from '../../../src/trace/session.js';
import { Actions, end, KINDS, NOON, OUTCOMES, session } from './actions.js';
import { outcomes } from './pipelines.js';
import { Receiver } from './receiver.js';

const PEERS: readonly SessionRef[] = [
  session(1),
  session(2 ** 53, { authid: 'Zoë "quoted" \\ \u0000\u2028', authrole: '', realm: 'зал' }),
  session(77, { serializer: undefined, transport: 'memory', authid: '😀'.repeat(300) }),
];
const URIS: readonly string[] = [
  'com.example.sum',
  'com.example.ünïcode.😀',
  'com.example.lone.\ud800.surrogate',
  '',
  `com.example.${'long.'.repeat(1000)}`,
  'com.example."quotes"\\and\ncontrol\u0001',
];
interface Variant {
  readonly pipeline: 'rows' | 'sdk';
  readonly protocol: 'http/protobuf' | 'http/json';
  /** The SDK's processor and exporter, as users would put them together. */
  readonly official?: true;
}

const VARIANTS: readonly Variant[] = [
  { pipeline: 'rows', protocol: 'http/protobuf' },
  { pipeline: 'rows', protocol: 'http/json' },
  { pipeline: 'sdk', protocol: 'http/protobuf' },
  { pipeline: 'sdk', protocol: 'http/json' },
  { pipeline: 'sdk', protocol: 'http/protobuf', official: true },
  { pipeline: 'sdk', protocol: 'http/json', official: true },
];

const OUTCOMES_AND_NONE: readonly (Outcome | undefined)[] = [...OUTCOMES, undefined];
const ERRORS = [
  '',
  'wamp.error.canceled',
  'wamp.error.no_such_procedure',
  'wamp.error.timeout',
  'wamp.error.invalid_argument',
  'com.example.error.out_of_tea',
];

/** Every kind with every outcome and error, alone, with one child and with several. */
function everyOutcome(actions: Actions): TracedAction[] {
  const all: TracedAction[] = [];
  for (const kind of KINDS) {
    for (const outcome of OUTCOMES_AND_NONE) {
      for (const error of ERRORS) {
        for (const children of kind === 'call' ? [0, 1, 3] : kind === 'publish' ? [0, 1] : [0]) {
          for (const slow of [false, true]) all.push(one(actions, kind, outcome, error, children, slow));
        }
      }
    }
  }
  return all;
}

function one(
  actions: Actions,
  kind: ActionKind,
  outcome: Outcome | undefined,
  error: string,
  children: number,
  slow: boolean,
): TracedAction {
  const action = actions.action(kind, `com.example.${kind}`, PEERS[0]!);
  for (let i = 0; i < children; i++) {
    if (kind === 'publish') {
      const fanOut = actions.fanOut(action);
      fanOut.delivered = slow ? 10_000 : 1;
      fanOut.dropped = slow ? 17 : 0;
      continue;
    }
    const invocation = actions.invoke(action, PEERS[i % PEERS.length]!);
    invocation.outcome = outcome;
    invocation.error = error;
    // The last one may be open when the call ends.
    if (i + 1 < children || !slow) invocation.endedAt = NOON + 2;
  }
  end(action, outcome ?? 'ok', error);
  action.outcome = outcome;
  if (slow) action.endedAt = NOON + 700;
  return action;
}

/** Sessions that open and close in every way, and invocations that outlive their calls. */
function everythingElse(actions: Actions): ((spans: Observer) => void)[] {
  const all: ((spans: Observer) => void)[] = [];
  const outcomes: OpeningOutcome[] = ['ok', 'error', 'caller_gone'];
  for (const peer of [...PEERS, session(9, { link: { peer: 'tcp4:127.0.0.1:5', rtt: 0.25 } })]) {
    for (const outcome of outcomes) {
      for (const error of ['', 'wamp.error.authentication_denied', 'com.example.error.out_of_tea']) {
        for (const challenged of [false, true]) {
          const opening = actions.opening(peer, outcome, error, challenged);
          all.push(spans => spans.onSessionOpen?.(opening));
          for (const reason of ['wamp.close.close_realm', 'transport_lost', 'wamp.error.runtime_error', 'it broke']) {
            const closing = actions.closing(peer, challenged ? opening : undefined, reason, error.length);
            all.push(spans => spans.onSessionClose?.(closing));
          }
        }
      }
    }
    for (const outcome of OUTCOMES) {
      const action = end(actions.action('call', 'com.example.late', peer), 'canceled', 'wamp.error.canceled');
      const invocation = actions.invoke(action, peer);
      Object.assign(invocation, { outlives: true, outcome, endedAt: NOON + 99, answeredLate: outcome === 'ok' });
      all.push(spans => spans.onActionEnd?.(action));
      all.push(spans => spans.onLateInvocation?.(action, invocation));
    }
  }
  return all;
}

function officialExporter(url: string, protocol: Variant['protocol']): SpanExporter {
  if (protocol === 'http/json') return new OTLPTraceExporter({ url });
  return new OTLPExporterBase<ReadableSpan[]>(
    createOtlpHttpExportDelegate(
      {
        url,
        headers: async () => ({ 'Content-Type': 'application/x-protobuf' }),
        compression: 'none',
        timeoutMillis: 10_000,
        concurrencyLimit: 1024,
        agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
      },
      ProtobufTraceSerializer,
      'otlp_http_span_exporter',
      TraceExporterMetricsHelper,
      undefined,
    ),
  );
}

test('rows, sdk and the official batch processor, in protobuf and JSON, decode to equal OTLP for all outcomes', async () => {
  const actions = new Actions(20260601);
  const random = Array.from({ length: 4000 }, () => actions.anything(PEERS, URIS));
  const all = [...everyOutcome(actions), ...random];
  assert.equal(new Set(all.map(({ kind, outcome, error }) => `${kind} ${outcome} ${error}`)).size > 6 * 8 * 6, true);
  const others = everythingElse(actions);
  const received = [];
  for (const { pipeline, protocol, official } of VARIANTS) {
    await using receiver = await Receiver.start();
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=one,deployment.environment.name=caf%C3%A9%20%22x%22',
    };
    const log = { warn: assert.fail };
    const exporter = officialExporter(`${receiver.endpoint}/v1/traces`, protocol);
    const spans = official
      ? // Its queue is for what ends in one turn, and that is all of it here.
        createSpans({ pipeline, processor: new BatchSpanProcessor(exporter, { maxQueueSize: 50_000 }), env, log })
      : createSpans({ pipeline, endpoint: receiver.endpoint, env, log });
    for (const action of all) spans.onActionEnd?.(action);
    for (const tell of others) tell(spans);
    await spans.close();
    assert.deepEqual(receiver.faults, []);
    const { spans: ended } = spans.stats();
    assert.deepEqual(outcomes(spans), { spans: ended, exported: ended, dropped: 0, failed: 0, waiting: 0 });
    const parts = receiver.requests.flatMap(request => request.parts);
    const envelopes = new Set(parts.map(part => JSON.stringify({ ...part, spans: [] })));
    assert.equal(envelopes.size, 1, 'every request has the same resource and scope');
    received.push({ spans: receiver.sorted(), envelope: [...envelopes][0] });
  }
  const [first, ...rest] = received;
  assert.ok(first!.spans.length > 5000);
  assert.ok(first!.spans.filter(({ links }) => links.length === 1).length > 50);
  for (const [i, other] of rest.entries()) {
    assert.equal(other.envelope, first!.envelope, JSON.stringify(VARIANTS[i + 1]));
    assert.equal(other.spans.length, first!.spans.length);
    for (const [n, span] of other.spans.entries()) assert.deepEqual(span, first!.spans[n]);
  }
});
