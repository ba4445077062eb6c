/** Proves that autobahn-js and autobahn-python, with trace context set by hand, and the router tell one trace, there and back. */

import { deepEqual, equal } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Autobahn, joinAutobahn } from '../../examples/demo/autobahn.js';
import { OtlpReceiver } from '../e2e/otlp-receiver.js';
import { type RouterNode, startRouterNode } from '../e2e/router-node.js';
import { until } from '../observers/spans/pipelines.js';
import { ensurePython, Program } from './python.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACESTATE = 'congo=t61rcWkgMzE';

interface Relayed {
  readonly context: { readonly _traceparent: string; readonly _tracestate: string };
  readonly span: string;
  readonly result: number;
}

describe('autobahn-js calls autobahn-python, which calls and publishes back', () => {
  let python: string;
  let receiver: OtlpReceiver;
  let router: RouterNode;
  let js: Autobahn;
  const seen: { code: number; details: { _traceparent?: string } }[] = [];

  before(async () => {
    python = await ensurePython();
    receiver = await OtlpReceiver.listen();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '10' };
    // autobahn announces fixed features, so the realm is told.
    router = await startRouterNode('rows', env, {
      propagation: { realms: { realm1: 'always' } },
      sampling: { ratio: 0 },
      trust: [{ realm: 'realm1', mode: 'follow' }],
    });
    js = await joinAutobahn('realm1', { url: `ws://127.0.0.1:${router.port}/ws` });
    await js.session.register('com.js.double', ([value]) => 2 * (value as number));
    await js.session.subscribe('com.python.topic', () => {});
    // autobahn-js does not show Details to handlers.
    const handlers = (js.session as unknown as { _MESSAGE_MAP: { [code: number]: (message: unknown[]) => void } })
      ._MESSAGE_MAP;
    for (const code of [36, 68]) {
      const handle = handlers[code]!;
      handlers[code] = message => {
        seen.push({ code, details: message[3] as object });
        handle(message);
      };
    }
  });
  after(async () => {
    await js?.leave();
    await router?.node.stop();
    await receiver?.close();
    deepEqual(router?.warnings, []);
  });

  for (const serializer of ['json', 'msgpack', 'cbor']) {
    test(`one trace, in ${serializer}`, async () => {
      const url = `rs://127.0.0.1:${router.port}`;
      const words = ['test/interop/traced_peer.py', '--url', url, '--serializer', serializer];
      const peer = new Program('traced_peer.py', python, words);
      try {
        await peer.says(/"ready"/);
        seen.splice(0);
        const span = Buffer.from(serializer.padEnd(8, '.')).toString('hex');
        const options = { _traceparent: `00-${TRACE}-${span}-01`, _tracestate: TRACESTATE };
        const relayed = (await js.session.call('com.python.relay', [21], {}, options)) as Relayed;
        equal(relayed.result, 42);
        await js.session.publish('com.js.topic', [], {}, { ...options, acknowledge: true });
        const [, traceparent] = await peer.says(/"event".*"_traceparent": "([^"]+)"/);
        await until(() => seen.length === 2);
        // [kind, URI, whose child], from the one end to the other.
        const named = (name: string, parent: string) =>
          receiver.spans.find(other => other.name === name && other.parentSpanId === parent)!;
        await until(
          () =>
            named('deliver com.python.topic', named('publish com.python.topic', relayed.span)?.spanId) !== undefined,
        );
        const call = named('call com.python.relay', span);
        const invoke = named('invoke com.python.relay', call.spanId);
        deepEqual(relayed.context, { _traceparent: `00-${TRACE}-${invoke.spanId}-01`, _tracestate: TRACESTATE });
        const back = named('call com.js.double', relayed.span);
        const invokeBack = named('invoke com.js.double', back.spanId);
        const publish = named('publish com.python.topic', relayed.span);
        const deliver = named('deliver com.python.topic', publish.spanId);
        deepEqual(seen.map(({ code, details }) => [code, details._traceparent]).sort(), [
          [36, `00-${TRACE}-${deliver.spanId}-01`],
          [68, `00-${TRACE}-${invokeBack.spanId}-01`],
        ]);
        const toPython = named('deliver com.js.topic', named('publish com.js.topic', span).spanId);
        equal(traceparent, `00-${TRACE}-${toPython.spanId}-01`);
        for (const one of [call, invoke, back, invokeBack, publish, deliver, toPython]) {
          deepEqual([one.traceId, one.traceState], [TRACE, TRACESTATE], one.name);
        }
        equal(call.attributes['wamp.sampling.reason'], 'remote');
        await js.session.call('com.python.quit');
        equal(await peer.ended(), 0);
      } finally {
        await peer.stop();
      }
    });
  }
});
