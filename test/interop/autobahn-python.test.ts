/** Proves that autobahn-python talks to JavaScript clients through the router, over both transports, in all serializers. */

import { deepEqual, equal, rejects } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Autobahn, autobahnError, joinAutobahn } from '../../examples/demo/autobahn.js';
import { type RouterNode, startRouterNode } from '../e2e/router-node.js';
import { ensurePython, Program } from './python.js';

describe('autobahn-python with autobahn-js', () => {
  let python: string;
  let router: RouterNode;
  let js: Autobahn;
  const events: unknown[] = [];

  before(async () => {
    python = await ensurePython();
    router = await startRouterNode('rows', {});
    js = await joinAutobahn('realm1', { url: `ws://127.0.0.1:${router.port}/ws` });
    const { session } = js;
    await session.register('com.js.double', ([value]) => 2 * (value as number));
    await session.register('com.js.fail', () => {
      throw autobahnError('com.js.error.bad', []);
    });
    await session.register('com.js.slow', () => new Promise(() => {}));
    await session.register('com.js.stream', ([n], _keywords, { progress }) => {
      for (let i = 0; i < (n as number); i++) progress!([i]);
      return n;
    });
    await session.subscribe('com.python.topic', (args, kwargs) => events.push([args, kwargs]));
  });
  after(async () => {
    await js?.leave();
    await router?.node.stop();
    deepEqual(router?.warnings, []);
  });

  for (const transport of ['WebSocket', 'RawSocket']) {
    for (const serializer of ['json', 'msgpack', 'cbor']) {
      test(`${serializer} over ${transport}`, async () => {
        const at = `127.0.0.1:${router.port}`;
        const url = transport === 'WebSocket' ? `ws://${at}/ws` : `rs://${at}`;
        const peer = new Program('peer.py', python, ['test/interop/peer.py', '--url', url, '--serializer', serializer]);
        try {
          await peer.says(/"ready"/);
          // The peer may hear PUBLISHED before EVENT is here.
          while (events.length === 0) await sleep(5);
          deepEqual(events.splice(0), [[[1, 'two'], { three: 3.5 }]]);
          await callPython();
          await publishToPython();
          await peer.says(/"topic": "com\.js\.topic"/);
          await cancelPython(peer);
          await js.session.call('com.python.quit');
          equal(await peer.ended(), 0);
          check(peer);
        } finally {
          await peer.stop();
        }
      });
    }
  }

  async function callPython(): Promise<void> {
    const { session } = js;
    // Session ids are as long.
    const values = ['Grüße 🚲', 2 ** 53 - 1, -1, 1.5, null, true, [[]], { nested: { key: [1] } }];
    deepEqual(await session.call('com.python.echo', values, { keyword: 'value' }), [values, { keyword: 'value' }]);
    await rejects(Promise.resolve(session.call('com.python.fail', [7])), {
      error: 'com.python.error.bad',
      args: [7],
      kwargs: { why: 'because' },
    });
    const parts: unknown[] = [];
    const end = await session
      .call('com.python.stream', [4], {}, { receive_progress: true })
      .progress(part => parts.push(part));
    deepEqual([parts, end], [[0, 1, 2, 3], 4]);
  }

  async function publishToPython(): Promise<void> {
    await js.session.publish('com.js.topic', ['Ä', 1], { keyword: [2] }, { acknowledge: true });
  }

  async function cancelPython(peer: Program): Promise<void> {
    const slow = js.session.call('com.python.slow');
    await peer.says(/slow has begun/);
    slow.cancel({ mode: 'kill' });
    await rejects(Promise.resolve(slow), { error: 'wamp.error.canceled' });
    await peer.says(/slow was interrupted/);
  }
});

/** What the peer told of one kind. */
function told(peer: Program, what: string): Record<string, unknown>[] {
  return peer.output
    .split('\n')
    .filter(line => line.startsWith('{"what"'))
    .map(line => JSON.parse(line))
    .filter(line => line.what === what);
}

function check(peer: Program): void {
  deepEqual(told(peer, 'result'), [{ what: 'result', value: 42 }]);
  deepEqual(told(peer, 'streamed'), [{ what: 'streamed', parts: [0, 1, 2], end: 3 }]);
  deepEqual(
    told(peer, 'error').map(({ procedure, error }) => [procedure, error]),
    [
      ['com.js.fail', 'com.js.error.bad'],
      ['com.js.missing', 'wamp.error.no_such_procedure'],
      ['com.js.slow', 'wamp.error.timeout'],
    ],
  );
  equal(told(peer, 'published').length, 1);
  deepEqual(told(peer, 'event'), [{ what: 'event', topic: 'com.js.topic', args: ['Ä', 1], kwargs: { keyword: [2] } }]);
  equal(told(peer, 'left')[0]!.reason, 'wamp.close.goodbye_and_out');
}
