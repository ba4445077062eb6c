/** Owns the behaviour of trace context that goes through a router which is not watched. */

import { ANY, CLIENT_ROLES } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

const CONTEXT = {
  _traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  _tracestate: 'congo=t61rcWkgMzE',
};
const ANSWER = { _traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01' };
const FEATURES = { features: { _trace_context: true } };

export const traceOfCalls: Scenario = {
  name: 'trace context of a call goes to a callee that wants it, and that of the answer to such a caller',
  feature: 'dealer._trace_context',
  async passes(world) {
    const caller = await world.join({ roles: { ...CLIENT_ROLES, caller: FEATURES } });
    const callee = await world.join({ roles: { ...CLIENT_ROLES, callee: FEATURES } });
    await callee.register('com.x.traced');
    const request = caller.request(48, CONTEXT, 'com.x.traced', [1]);
    await callee.receives([68, 1, ANY, CONTEXT, [1]]);
    callee.send([70, 1, ANSWER, [2]]);
    await caller.receives([50, request, ANSWER, [2]]);
    // The other spelling, and baggage, which nobody has asked for.
    const { _traceparent: traceparent } = CONTEXT;
    const second = caller.request(48, { traceparent, _baggage: 'a=b' }, 'com.x.traced');
    await callee.receives([68, 2, ANY, { _traceparent: traceparent }]);
    callee.send([8, 68, 2, ANSWER, 'com.x.error.bad']);
    await caller.receives([8, 48, second, ANSWER, 'com.x.error.bad']);
  },
  async fails(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x.traced');
    const request = caller.request(48, CONTEXT, 'com.x.traced');
    await callee.receives([68, 1, ANY, {}]);
    callee.send([70, 1, ANSWER]);
    await caller.receives([50, request, {}]);
    // What is malformed is not worth refusing a call for.
    const traced = await world.join({ roles: { ...CLIENT_ROLES, callee: FEATURES } });
    await traced.register('com.x.strict');
    for (const [i, bad] of ['00-00-00-00', 7, null, ['x'], CONTEXT._traceparent.toUpperCase()].entries()) {
      const id = caller.request(48, { _traceparent: bad, _tracestate: 'a=1' }, 'com.x.strict');
      await traced.receives([68, i + 1, ANY, {}]);
      traced.send([70, i + 1, {}]);
      await caller.receives([50, id, {}]);
    }
  },
};

export const traceOfEvents: Scenario = {
  name: 'trace context of a publication goes to the subscribers that want it, and to no other',
  feature: 'broker._trace_context',
  async passes(world) {
    const publisher = await world.join();
    const [plain, traced] = [
      await world.join(),
      await world.join({ roles: { ...CLIENT_ROLES, subscriber: FEATURES } }),
    ];
    const exact = await plain.subscribe('com.x.topic');
    await traced.subscribe('com.x.topic');
    const prefix = await traced.subscribe('com.x', { match: 'prefix' });
    publisher.request(16, CONTEXT, 'com.x.topic', ['payload']);
    await plain.receives([36, exact, ANY, {}, ['payload']]);
    await traced.receives([36, exact, ANY, CONTEXT, ['payload']]);
    await traced.receives([36, prefix, ANY, { topic: 'com.x.topic', ...CONTEXT }, ['payload']]);
  },
  async fails(world) {
    const publisher = await world.join();
    const traced = await world.join({ roles: { ...CLIENT_ROLES, subscriber: FEATURES } });
    const subscription = await traced.subscribe('com.x.topic');
    publisher.request(16, { _traceparent: 'nonsense' }, 'com.x.topic');
    await traced.receives([36, subscription, ANY, {}]);
    publisher.request(16, {}, 'com.x.topic');
    await traced.receives([36, subscription, ANY, {}]);
  },
};
