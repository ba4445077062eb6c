/** Proves that instrumented autobahn-js clients and the router tell one trace, and that sampling keeps what it says. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Autobahn, type AutobahnSession, autobahnError, joinAutobahn } from '../../examples/demo/autobahn.js';
import type { ReceivedSpan } from './otlp-decoder.js';
import { OtlpReceiver } from './otlp-receiver.js';
import { type RouterNode, startRouterNode } from './router-node.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

/** autobahn-js does not show Details to handlers, so this looks at the messages before it does. */
function detailsOf(session: AutobahnSession, code: 36 | 68, seen: { _traceparent?: string }[]): void {
  const handlers = (session as unknown as { _MESSAGE_MAP: { [code: number]: (message: unknown[]) => void } })
    ._MESSAGE_MAP;
  const handle = handlers[code]!;
  handlers[code] = message => {
    seen.push(message[3] as object);
    handle(message);
  };
}

interface Scene {
  readonly receiver: OtlpReceiver;
  readonly router: RouterNode;
  readonly caller: Autobahn;
  readonly callee: Autobahn;
  readonly invocations: { _traceparent?: string }[];
  readonly events: { _traceparent?: string }[];
  /** The span of this name, once it has arrived. */
  span(name: string): Promise<ReceivedSpan>;
  close(): Promise<void>;
}

async function open(pipeline: string, env: NodeJS.ProcessEnv, telemetry: object): Promise<Scene> {
  const receiver = await OtlpReceiver.listen();
  const propagation = { realms: { realm1: 'always' } };
  const all = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '10', ...env };
  const router = await startRouterNode(pipeline, all, { propagation, ...telemetry });
  const url = `ws://127.0.0.1:${router.port}/ws`;
  const [caller, callee] = [await joinAutobahn('realm1', { url }), await joinAutobahn('realm1', { url })];
  const invocations: { _traceparent?: string }[] = [];
  const events: { _traceparent?: string }[] = [];
  detailsOf(callee.session, 68, invocations);
  detailsOf(callee.session, 36, events);
  await callee.session.register('com.example.add', ([a, b]) => (a as number) + (b as number));
  await callee.session.register('com.example.fail', () => {
    throw autobahnError('com.example.error.bad', []);
  });
  return {
    receiver,
    router,
    caller,
    callee,
    invocations,
    events,
    async span(name) {
      const found = (): ReceivedSpan | undefined => receiver.spans.find(span => span.name === name);
      for (let i = 0; i < 1000 && !found(); i++) await new Promise(resolve => setTimeout(resolve, 10));
      return found()!;
    },
    async close() {
      await caller.leave();
      await callee.leave();
      await router.node.stop();
      await receiver.close();
      deepEqual(receiver.failures, []);
    },
  };
}

for (const pipeline of ['rows', 'sdk']) {
  describe(`autobahn-js with trace context set by hand, spans by ${pipeline}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await open(pipeline, { OTEL_TRACES_SAMPLER: 'always_on' }, {});
    });
    after(() => scene.close());

    test('caller, router and callee are one trace, each the child of the one before', async () => {
      const options = { _traceparent: `00-${TRACE}-${PARENT}-01`, _tracestate: 'congo=t61rcWkgMzE' };
      equal(await scene.caller.session.call('com.example.add', [2, 3], {}, options), 5);
      const call = await scene.span('call com.example.add');
      const invoke = await scene.span('invoke com.example.add');
      deepEqual([call.traceId, call.parentSpanId, call.traceState], [TRACE, PARENT, 'congo=t61rcWkgMzE']);
      deepEqual([invoke.traceId, invoke.parentSpanId, invoke.traceState], [TRACE, call.spanId, 'congo=t61rcWkgMzE']);
      deepEqual(scene.invocations.at(-1), {
        _traceparent: `00-${TRACE}-${invoke.spanId}-01`,
        _tracestate: 'congo=t61rcWkgMzE',
      });
      equal(call.attributes['wamp.sampling.reason'], 'ratio');
      ok(!('wamp.sampling.reason' in invoke.attributes));
      // The parent is remote (OTLP, Span.flags), of invoke it is the router's own.
      deepEqual([call.flags & 0x300, invoke.flags & 0x300], [0x300, 0x100]);
    });

    test('publisher, router and subscriber are one trace', async () => {
      await scene.callee.session.subscribe('com.example.topic', () => {});
      const options = { acknowledge: true, _traceparent: `00-${TRACE}-${PARENT}-01` };
      await scene.caller.session.publish('com.example.topic', [], {}, options);
      const publish = await scene.span('publish com.example.topic');
      const deliver = await scene.span('deliver com.example.topic');
      deepEqual([publish.traceId, publish.parentSpanId], [TRACE, PARENT]);
      deepEqual([deliver.traceId, deliver.parentSpanId], [TRACE, publish.spanId]);
      equal(scene.events.at(-1)!._traceparent, `00-${TRACE}-${deliver.spanId}-01`);
    });

    test('a malformed context refuses nothing', async () => {
      const options = { _traceparent: `00-${TRACE}-${PARENT}` };
      equal(await scene.caller.session.call('com.example.add', [4, 4], {}, options), 8);
      match(scene.invocations.at(-1)!._traceparent!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
      ok(!scene.invocations.at(-1)!._traceparent!.includes(TRACE));
    });
  });

  describe(`autobahn-js with the sampling of every day, spans by ${pipeline}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await open(pipeline, {}, { sampling: { ratio: 0 } });
    });
    after(() => scene.close());

    test('what is not kept passes the caller’s context on, and comes to nothing', async () => {
      const options = { _traceparent: `00-${TRACE}-${PARENT}-01`, _tracestate: 'a=1' };
      equal(await scene.caller.session.call('com.example.add', [1, 1], {}, options), 2);
      deepEqual(scene.invocations.at(-1), options);
      await scene.caller.session.call('com.example.add', [1, 1]);
      deepEqual(scene.invocations.at(-1), {});
    });

    test('an error is kept, and says whether those downstream had been told', async () => {
      await Promise.resolve(scene.caller.session.call('com.example.fail')).catch(() => {});
      const alone = await scene.span('call com.example.fail');
      equal(alone.attributes['wamp.sampling.reason'], 'error');
      equal(alone.attributes['wamp.sampling.partial'], true);
      equal(alone.traceState, '');
      ok(!scene.receiver.spans.some(span => span.name.endsWith('com.example.add')));
    });
  });

  test(`trust link: a trace of the router's own, and a link to the caller's, by ${pipeline}`, async () => {
    const scene = await open(pipeline, { OTEL_TRACES_SAMPLER: 'always_on' }, { trust: [{ mode: 'link' }] });
    await scene.caller.session.call('com.example.add', [1, 2], {}, { _traceparent: `00-${TRACE}-${PARENT}-01` });
    const call = await scene.span('call com.example.add');
    const invoke = await scene.span('invoke com.example.add');
    equal(call.traceId, String(call.attributes['wamp.correlation_id']).replaceAll('-', ''));
    deepEqual([call.parentSpanId, call.links], ['', [`${TRACE}-${PARENT}`]]);
    deepEqual([invoke.traceId, invoke.parentSpanId, invoke.links], [call.traceId, call.spanId, []]);
    await scene.close();
  });
}

test('trust ignore: as if nothing had been said', async () => {
  const scene = await open('rows', { OTEL_TRACES_SAMPLER: 'always_on' }, { trust: [{ mode: 'ignore' }] });
  await scene.caller.session.call('com.example.add', [1, 2], {}, { _traceparent: `00-${TRACE}-${PARENT}-01` });
  const call = await scene.span('call com.example.add');
  deepEqual([call.parentSpanId, call.links], ['', []]);
  ok(call.traceId !== TRACE);
  await scene.close();
});
