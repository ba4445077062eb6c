/** Owns what a watched router tells its clients of their traces, over all links. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedAction } from '../../src/trace/action.js';
import { Correlator } from '../../src/trace/correlator.js';
import { Propagation } from '../../src/trace/propagation.js';
import { type ActionSampler, KEEP_ALL, KEEP_NONE } from '../../src/trace/sampling/action-sampler.js';
import { Trust } from '../../src/trace/trust.js';
import { ANY, CLIENT_ROLES, type Client, type Dict } from '../helpers/client.js';
import { LINKS } from '../helpers/links.js';
import { inWorld } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CONTEXT = { _traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, _tracestate: 'congo=t61rcWkgMzE' };
const FEATURES = { features: { _trace_context: true, call_canceling: true, progressive_call_results: true } };
const WANTS = { ...CLIENT_ROLES, caller: FEATURES, callee: FEATURES, subscriber: FEATURES };

interface Watched {
  readonly world: World;
  readonly actions: TracedAction[];
  /** The newest of its kind. */
  action(kind: TracedAction['kind']): TracedAction;
}

function watch(world: World, sampler: ActionSampler, propagation = new Propagation()): Watched {
  const actions: TracedAction[] = [];
  const correlator = new Correlator({ random: world.router.ids, sampler, propagation });
  correlator.add({ onActionEnd: action => actions.push(action) });
  world.router.tap = correlator;
  return { world, actions, action: kind => actions.findLast(action => action.kind === kind)! };
}

/** `span` of `action` as traceparent. */
function traceparent({ traceId }: TracedAction, spanId: string, flags = '01'): string {
  return `00-${traceId}-${spanId}-${flags}`;
}

function spanId({ span0, span1 }: { readonly span0: number; readonly span1: number }): string {
  return [span0, span1].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

async function call(caller: Client, callee: Client, options: Dict, invocation: number): Promise<[Dict, Dict]> {
  const request = caller.request(48, options, 'com.x.traced');
  const [, , , details] = await callee.receives([68, invocation, ANY, ANY]);
  callee.send([70, invocation, {}]);
  const [, , result] = await caller.receives([50, request, ANY]);
  return [details as Dict, result as Dict];
}

for (const link of LINKS) {
  test(`${link.name} | INVOCATION carries the span of the invocation, RESULT that of the call`, () =>
    inWorld(link, {}, async world => {
      const watched = watch(world, KEEP_ALL);
      const [caller, callee] = [await world.join({ roles: WANTS }), await world.join({ roles: WANTS })];
      await callee.register('com.x.traced');
      const [joined, answer] = await call(caller, callee, CONTEXT, 1);
      const first = watched.action('call');
      assert.equal(first.traceId, TRACE);
      assert.equal(spanId(first.parent!), '00f067aa0ba902b7');
      assert.deepEqual(joined, {
        _traceparent: traceparent(first, spanId(first.invocations![0]!)),
        _tracestate: CONTEXT._tracestate,
      });
      assert.equal(answer._traceparent, traceparent(first, first.spanId));
      // Without a context of the caller's the router begins the trace, whose id it has drawn at random.
      const [own] = await call(caller, callee, {}, 2);
      const second = watched.action('call');
      assert.equal(second.traceId, second.correlation.replaceAll('-', ''));
      assert.deepEqual(own, { _traceparent: traceparent(second, spanId(second.invocations![0]!), '03') });
    }));

  test(`${link.name} | an action that is not kept passes on what the caller said, and nothing of its own`, () =>
    inWorld(link, {}, async world => {
      const watched = watch(world, KEEP_NONE);
      const [caller, callee] = [await world.join({ roles: WANTS }), await world.join({ roles: WANTS })];
      await callee.register('com.x.traced');
      assert.deepEqual(await call(caller, callee, CONTEXT, 1), [CONTEXT, {}]);
      assert.equal(watched.action('call').traceId, TRACE);
      assert.deepEqual(await call(caller, callee, {}, 2), [{}, {}]);
    }));

  test(`${link.name} | EVENT carries the span of the delivery to who wants it, and who does not gets no more than before`, () =>
    inWorld(link, {}, async world => {
      const watched = watch(world, KEEP_ALL);
      const publisher = await world.join();
      const plain = [await world.join(), await world.join()];
      const traced = [await world.join({ roles: WANTS }), await world.join({ roles: WANTS })];
      // Alternating, so that neither kind comes first.
      const subscribers = [plain[0]!, traced[0]!, plain[1]!, traced[1]!];
      for (const subscriber of subscribers) await subscriber.subscribe('com.x.topic');
      publisher.request(16, { ...CONTEXT, acknowledge: true }, 'com.x.topic', [1]);
      await publisher.receives([17, ANY, ANY]);
      for (const subscriber of plain) await subscriber.receives([36, ANY, ANY, {}, [1]]);
      const details = [];
      for (const subscriber of traced) details.push((await subscriber.receives([36, ANY, ANY, ANY, [1]]))[3]);
      const action = watched.action('publish');
      const expected = {
        _traceparent: traceparent(action, spanId(action.fanOut!)),
        _tracestate: CONTEXT._tracestate,
      };
      assert.deepEqual(details, [expected, expected]);
      assert.equal(action.traceId, TRACE);
      assert.equal(action.fanOut!.delivered, 4);
    }));
}

const [MEMORY] = LINKS;

test('mode link is a border: what is not kept passes nothing of the caller on', () =>
  inWorld(MEMORY!, {}, async world => {
    const trust = new Trust([{ mode: 'link' }]);
    watch(world, KEEP_NONE, new Propagation({ trust, baggage: true }));
    const [caller, callee] = [await world.join({ roles: WANTS }), await world.join({ roles: WANTS })];
    await callee.register('com.x.traced');
    assert.deepEqual(await call(caller, callee, CONTEXT, 1), [{}, {}]);
  }));

test('a call that goes to the next callee when one cannot take it tells the span that it then has', () =>
  inWorld(MEMORY!, {}, async world => {
    const watched = watch(world, KEEP_ALL);
    const [caller, a, b] = [await world.join(), await world.join({ roles: WANTS }), await world.join({ roles: WANTS })];
    await a.register('com.x.traced', { invoke: 'roundrobin' });
    await b.register('com.x.traced', { invoke: 'roundrobin' });
    for (const callee of [a, b]) {
      const [details] = await call(caller, callee, {}, 1);
      const action = watched.action('call');
      assert.equal(details._traceparent, traceparent(action, spanId(action.invocations![0]!), '03'));
    }
  }));

test('a realm may forward to everybody, or to nobody', async () => {
  const passesOn = (): boolean => true;
  for (const forward of ['always', 'never'] as const) {
    await inWorld(MEMORY!, { realm: { traceContext: { forward, baggage: true, passesOn } } }, async world => {
      const roles = forward === 'always' ? CLIENT_ROLES : WANTS;
      const [caller, callee] = [await world.join({ roles }), await world.join({ roles })];
      await callee.register('com.x.traced');
      const subscription = await callee.subscribe('com.x.topic');
      const given = { ...CONTEXT, _baggage: 'user=alice' };
      const [details] = await call(caller, callee, given, 1);
      const expected = forward === 'always' ? given : {};
      assert.deepEqual(details, expected);
      caller.request(16, given, 'com.x.topic');
      await callee.receives([36, subscription, ANY, expected]);
    });
  }
});

test('when nobody watches, the context of who is ignored goes nowhere', () =>
  inWorld(
    MEMORY!,
    { realm: { traceContext: { forward: 'always', baggage: false, passesOn: () => false } } },
    async world => {
      const [caller, callee] = [await world.join(), await world.join()];
      await callee.register('com.x.traced');
      assert.deepEqual((await call(caller, callee, CONTEXT, 1))[0], {});
    },
  ));
