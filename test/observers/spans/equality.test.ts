/** Owns that both pipelines, in both encodings, tell the same of the same actions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSpans } from '../../../src/observers/spans/index.js';
import type { SessionRef } from '../../../src/tap.js';
import { Actions, session } from './actions.js';
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
const VARIANTS = [
  { pipeline: 'rows', protocol: 'http/protobuf' },
  { pipeline: 'rows', protocol: 'http/json' },
  { pipeline: 'sdk', protocol: 'http/protobuf' },
  { pipeline: 'sdk', protocol: 'http/json' },
] as const;

test('rows and sdk, protobuf and JSON decode to equal OTLP for 4000 random actions', async () => {
  const actions = new Actions(20260601);
  const all = Array.from({ length: 4000 }, () => actions.anything(PEERS, URIS));
  const received = [];
  for (const { pipeline, protocol } of VARIANTS) {
    await using receiver = await Receiver.start();
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=one,deployment.environment.name=caf%C3%A9%20%22x%22',
    };
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env, log: { warn: assert.fail } });
    for (const action of all) spans.onActionEnd?.(action);
    await spans.close();
    assert.deepEqual(receiver.faults, []);
    const { spans: ended } = spans.stats();
    assert.deepEqual(outcomes(spans), { spans: ended, exported: ended, dropped: 0, failed: 0, waiting: 0 });
    const parts = receiver.requests.flatMap(request => request.parts);
    const envelopes = new Set(parts.map(part => JSON.stringify({ ...part, spans: [] })));
    assert.equal(envelopes.size, 1, 'every request has the same resource and scope');
    received.push({ spans: receiver.sorted(), envelope: [...envelopes][0] });
  }
  const [first, ...others] = received;
  assert.ok(first!.spans.length > 5000);
  for (const [i, other] of others.entries()) {
    assert.equal(other.envelope, first!.envelope, JSON.stringify(VARIANTS[i + 1]));
    assert.equal(other.spans.length, first!.spans.length);
    for (const [n, span] of other.spans.entries()) assert.deepEqual(span, first!.spans[n]);
  }
});
