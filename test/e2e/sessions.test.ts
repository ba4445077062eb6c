/** Proves with autobahn-js what spans tell of sessions: who came, who was refused, who left, and what they were denied. */

import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { joinAutobahn } from '../../examples/demo/autobahn.js';
import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import type { ReceivedSpan } from './otlp-decoder.js';
import { OtlpReceiver } from './otlp-receiver.js';

const TICKET = 'correct horse battery staple';
const WRONG = 'an unlucky guess';

function configuration(pipeline: string): object {
  const permissions = [{ uri: 'com.example.', match: 'prefix', allow: { call: true, subscribe: true } }];
  const principals = { ali: { ticket: TICKET, role: 'user' } };
  const auth = { ticket: { type: 'static', principals } };
  const endpoint = { type: 'tcp', interface: '127.0.0.1', port: 0 };
  return {
    version: 2,
    workers: [
      {
        type: 'router',
        realms: [{ name: 'realm1', roles: [{ name: 'user', permissions }] }],
        transports: [{ type: 'web', endpoint, paths: { ws: { type: 'websocket', auth } } }],
      },
    ],
    wampscope: { telemetry: { pipeline, non_error_uris: ['wamp.error.no_such_procedure'] } },
  };
}

async function perform(pipeline: string): Promise<ReceivedSpan[]> {
  const receiver = await OtlpReceiver.listen();
  const { config } = parseConfig(JSON.stringify(configuration(pipeline)), 'json', 'e2e.json', { environment: {} });
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
  const node = new Node(config, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, log });
  try {
    await node.start();
    const url = /ws:\S+/.exec(lines.join('\n'))![0];
    const { session, leave } = await joinAutobahn('realm1', { url }, { authid: 'ali', ticket: TICKET });
    await rejects(Promise.resolve(session.call('com.forbidden.p')), { error: 'wamp.error.not_authorized' });
    await rejects(Promise.resolve(session.call('com.example.p')), { error: 'wamp.error.no_such_procedure' });
    await rejects(
      session.register('com.example.p', () => 0),
      { error: 'wamp.error.not_authorized' },
    );
    session.publish('com.example.topic', ['nobody hears that this is refused']);
    await rejects(joinAutobahn('realm1', { url }, { authid: 'ali', ticket: WRONG }), /authentication_denied/);
    await rejects(joinAutobahn('nowhere', { url }, { authid: 'ali', ticket: TICKET }), /no_such_realm/);
    await leave();
  } finally {
    await node.stop();
    await receiver.close();
  }
  deepEqual(receiver.failures, []);
  return receiver.spans;
}

for (const pipeline of ['rows', 'sdk']) {
  describe(`sessions of autobahn-js, spans by ${pipeline}`, () => {
    let spans: ReceivedSpan[];
    before(async () => {
      spans = await perform(pipeline);
    });
    const named = (name: string): ReceivedSpan[] => spans.filter(span => span.name === name);

    test('a session that joined with a ticket has its authentication below its beginning', () => {
      const [open] = named('session open').filter(span => span.attributes['wamp.outcome'] === 'ok');
      const authenticate = named('authenticate').find(span => span.parentSpanId === open!.spanId)!;
      equal(authenticate.kind, 'internal');
      equal(authenticate.traceId, open!.traceId);
      ok(open!.start < authenticate.start && authenticate.end === open!.end);
      equal(authenticate.attributes['wamp.authmethod'], 'ticket');
      const { attributes } = open!;
      equal(attributes['wamp.authid'], 'ali');
      equal(attributes['wamp.authrole'], 'user');
      equal(attributes['wamp.authmethod'], 'ticket');
      equal(attributes['client.address'], '127.0.0.1');
      ok(Number(attributes['client.port']) > 0);
    });

    test('who was refused has a beginning that failed, and no end', () => {
      const refused = named('session open').filter(span => span.status === 'error');
      deepEqual(
        refused.map(({ attributes }) => [attributes['wamp.realm'], attributes['error.type']]),
        [
          ['realm1', 'wamp.error.authentication_denied'],
          ['nowhere', 'wamp.error.no_such_realm'],
        ],
      );
      const [authenticate] = named('authenticate').filter(span => span.status === 'error');
      equal(authenticate!.parentSpanId, refused[0]!.spanId);
      equal(named('session close').length, 1);
    });

    test('the end of the session is a trace of its own, with a link to its beginning', () => {
      const [close] = named('session close');
      const [open] = named('session open').filter(span => span.status === 'unset');
      equal(close!.parentSpanId, '');
      ok(close!.traceId !== open!.traceId);
      deepEqual(close!.links, [`${open!.traceId}-${open!.spanId}`]);
      match(String(close!.attributes['wamp.close.reason']), /^wamp\.close\./);
    });

    test('a refused call names no procedure, its URI is told besides', () => {
      const calls = named('call');
      deepEqual(
        calls.map(({ attributes, status }) => [
          attributes['rpc.method_original'],
          attributes['wamp.authorize.decision'],
          attributes['wamp.error.uri'],
          status,
        ]),
        [
          ['com.forbidden.p', 'denied', 'wamp.error.not_authorized', 'error'],
          ['com.example.p', undefined, 'wamp.error.no_such_procedure', 'unset'],
        ],
      );
      for (const { attributes } of calls) equal(attributes['rpc.method'], '_OTHER');
    });

    test('a publication that was refused in silence is a failure in its trace', () => {
      const [publish] = named('publish com.example.topic');
      equal(publish!.status, 'error');
      equal(publish!.attributes['error.type'], 'wamp.error.not_authorized');
      equal(publish!.attributes['wamp.event.recipients'], 0);
    });

    test('no ticket is in any span, right or wrong', () => {
      const all = JSON.stringify(spans, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
      for (const secret of [TICKET, WRONG]) doesNotMatch(all, new RegExp(secret));
    });
  });
}
