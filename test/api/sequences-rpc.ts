/** Owns the rows of crossbar.md 2.6 about procedures and calls. */

import { call, newestId, type Row, register, type Scene, told, watched } from './scene.js';

const given = ({ b }: Scene) => register(b);
const wait = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

/** CALL that is being worked on. */
const BEGUN = ['1 rx Call A anchor', '1 tx Invocation B'];
export const RPC: readonly Row[] = [
  {
    name: 'REGISTER, first callee',
    given: watched('registration'),
    act: ({ b }) => register(b),
    // Where Crossbar puts the meta events into the action that brought them about, here they are actions of their own.
    records: [
      '1 rx Register B anchor',
      '1 tx Registered B last',
      ...told(2, 'registration.on_create'),
      ...told(3, 'registration.on_register'),
    ],
  },
  {
    name: 'REGISTER when nobody asked for meta events: none is made',
    act: ({ b }) => register(b),
    records: ['1 rx Register B anchor', '1 tx Registered B last'],
  },
  {
    name: 'REGISTER, refused',
    given,
    act: ({ a }) => register(a),
    records: ['1 rx Register A anchor', '1 tx Error A wamp.error.procedure_already_exists last'],
  },
  {
    name: 'CALL ok',
    given,
    act: async ({ a, b }) => {
      await call(a);
      await b.send([70, 1, {}]);
    },
    records: [...BEGUN, '1 rx Yield B', '1 tx Result A last'],
  },
  {
    name: 'CALL progressive',
    given,
    act: async ({ a, b }) => {
      await call(a, 'com.p', { receive_progress: true });
      await b.send([70, 1, { progress: true }]);
      await b.send([70, 1, { progress: true }]);
      await b.send([70, 1, {}]);
    },
    records: [
      ...BEGUN,
      ...['1 rx Yield B', '1 tx Result A', '1 rx Yield B', '1 tx Result A'],
      ...['1 rx Yield B', '1 tx Result A last'],
    ],
  },
  {
    name: 'CALL, a progressive result that nobody asked for',
    given,
    act: async ({ a, b }) => {
      await call(a);
      await b.send([70, 1, { progress: true }]);
      await b.send([70, 1, {}]);
    },
    records: [...BEGUN, '1 rx Yield B', '1 rx Yield B', '1 tx Result A last'],
  },
  {
    name: 'CALL error by callee',
    given,
    act: async ({ a, b }) => {
      await call(a);
      await b.send([8, 68, 1, {}, 'com.failed']);
    },
    records: [...BEGUN, '1 rx Error B com.failed', '1 tx Error A com.failed last'],
  },
  {
    name: 'CALL no such procedure, not authorized, invalid URI',
    act: async ({ a }) => {
      await call(a, 'com.nothing');
      await call(a, 'com.denied');
      await call(a, 'com..p');
    },
    records: [
      ...['1 rx Call A anchor', '1 tx Error A wamp.error.no_such_procedure last'],
      ...['2 rx Call A anchor', '2 tx Error A wamp.error.not_authorized last'],
      ...['3 rx Call A anchor', '3 tx Error A wamp.error.invalid_uri last'],
    ],
  },
  {
    name: 'cancel kill',
    given,
    act: async ({ a, b }) => {
      await a.send([49, await call(a), { mode: 'kill' }]);
      await b.send([8, 68, 1, {}, 'wamp.error.canceled']);
    },
    records: [
      ...BEGUN,
      ...['1 rx Cancel A', '1 tx Interrupt B'],
      ...['1 rx Error B wamp.error.canceled', '1 tx Error A wamp.error.canceled last'],
    ],
  },
  {
    name: 'cancel killnowait: the ERROR has its correlation and is the last; what the callee says then is late',
    given,
    act: async ({ a, b }) => {
      await a.send([49, await call(a), { mode: 'killnowait' }]);
      await b.send([8, 68, 1, {}, 'wamp.error.canceled']);
    },
    records: [
      ...BEGUN,
      ...['1 rx Cancel A', '1 tx Interrupt B', '1 tx Error A wamp.error.canceled last'],
      '1 rx Error B wamp.error.canceled late',
    ],
  },
  {
    name: 'cancel skip: the caller has its ERROR at once; all that the callee says then is late',
    given,
    act: async ({ a, b }) => {
      await a.send([49, await call(a, 'com.p', { receive_progress: true }), { mode: 'skip' }]);
      await b.send([70, 1, { progress: true }]);
      await b.send([70, 1, {}]);
    },
    records: [
      ...BEGUN,
      ...['1 rx Cancel A', '1 tx Error A wamp.error.canceled last'],
      ...['1 rx Yield B late', '1 rx Yield B late'],
    ],
  },
  {
    name: 'cancel in a mode that does not exist: the call goes on',
    given,
    act: async ({ a, b }) => {
      await a.send([49, await call(a), { mode: 'gently' }]);
      await b.send([70, 1, {}]);
    },
    records: [
      ...BEGUN,
      ...['1 rx Cancel A', '1 tx Error A wamp.error.invalid_argument', '1 rx Yield B', '1 tx Result A last'],
    ],
  },
  {
    name: 'call timeout: INTERRUPT and ERROR belong to the call',
    given,
    act: async ({ a, b }) => {
      await call(a, 'com.p', { timeout: 1 });
      await wait(20);
      await b.send([70, 1, {}]);
    },
    records: [...BEGUN, '1 tx Interrupt B', '1 tx Error A wamp.error.timeout last', '1 rx Yield B late'],
  },
  {
    name: 'caller gone: INTERRUPT is the last; the answer is late',
    given,
    act: async ({ a, b }) => {
      await call(a);
      await a.close();
      await b.send([70, 1, {}]);
    },
    records: [...BEGUN, '1 tx Interrupt B last', '1 rx Yield B late'],
  },
  {
    name: 'caller gone, the callee takes no INTERRUPT: INVOCATION is the last',
    act: async ({ node, a }) => {
      const c = await node.join('C', { callee: {} });
      await register(c);
      await call(a);
      await a.close();
    },
    records: [
      ...['- rx Hello C', '- tx Welcome C'],
      ...['1 rx Register C anchor', '1 tx Registered C last'],
      ...['2 rx Call A anchor', '2 tx Invocation C last'],
    ],
  },
  {
    name: 'callee gone: the caller’s ERROR is the last',
    given,
    act: async ({ a, b }) => {
      await call(a);
      await b.close();
    },
    records: [...BEGUN, '1 tx Error A wamp.error.canceled last'],
  },
  {
    name: 'UNREGISTER',
    given: async scene => {
      await register(scene.b);
      await watched('registration')(scene);
    },
    act: ({ b }) => b.request([66, undefined, newestId(b)]),
    records: [
      ...['1 rx Unregister B anchor', '1 tx Unregistered B last'],
      ...told(2, 'registration.on_unregister'),
      ...told(3, 'registration.on_delete'),
    ],
  },
  {
    name: 'meta API CALL: in causal order',
    act: ({ a }) => call(a, 'wamp.session.count'),
    records: ['1 rx Call A anchor', '1 tx Invocation S', '1 rx Yield S', '1 tx Result A last'],
  },
];
