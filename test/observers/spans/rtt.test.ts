/** Owns the round trips of connections: measured by WebSocket pings, told with calls, unknown without pings. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { Router } from '../../../src/router.js';
import { Correlator } from '../../../src/trace/correlator.js';
import { Listener } from '../../../src/transport/listener.js';
import { Flusher } from '../../../src/transport/send-queue.js';
import { spansOf } from './told.js';

const ALLOW = { call: true, register: true, publish: true, subscribe: true };

/** The round trip that the spans of a client's calls tell, one call after the other, until `enough`. */
async function roundTrips(t: TestContext, pingInterval: number, enough: (told: unknown[]) => boolean) {
  const disclose = { caller: false, publisher: false };
  const permissions = [{ uri: '', match: 'prefix' as const, allow: ALLOW, disclose }];
  const rest = { uriCheck: 'loose', requestIds: 'strict', metaApi: true, onLeave: 'id', stats: undefined } as const;
  const router = new Router({ realms: [{ name: 'realm1', roles: [{ name: 'anonymous', permissions }], ...rest }] });
  const correlator = new Correlator({ random: router.ids });
  const told: unknown[] = [];
  correlator.add({
    onActionEnd: action => told.push(spansOf(action)[0]?.attributes['wamp.caller.rtt']),
  });
  router.tap = correlator;
  const options = {
    ...{ serializers: [router.serializers.json], maxMessageBytes: 65536, pingInterval },
    origins: { allowed: ['*'], allowNull: true },
  };
  const onTransport = (transport: Parameters<Router['attach']>[0]): void =>
    router.attach(transport, { auth: { anonymous: { role: 'anonymous' } } });
  const listener = new Listener(
    {
      address: { host: '127.0.0.1', port: 0 },
      webSockets: new Map([['ws', { options, onTransport }]]),
      rawSocket: undefined,
      handshakeTimeout: 5000,
    },
    new Flusher(),
  );
  const webSocket = new WebSocket(`ws://${await listener.listen()}/ws`, ['wamp.2.json']);
  t.after(async () => {
    webSocket.close();
    await router.close();
    await listener.close();
  });
  await once(webSocket, 'open');
  const ask = async (message: unknown[]): Promise<void> => {
    webSocket.send(JSON.stringify(message));
    await once(webSocket, 'message');
  };
  await ask([1, 'realm1', { roles: { caller: {} } }]);
  for (let i = 1; !enough(told); i++) {
    if (pingInterval > 0) await once(webSocket, 'ping');
    await ask([48, i, {}, 'wamp.session.count']);
  }
  return told;
}

test('the answer to a ping is timed, and calls from then on tell it in seconds', async t => {
  const told = await roundTrips(t, 20, calls => calls.filter(rtt => rtt !== undefined).length === 3);
  const known = told.filter(rtt => rtt !== undefined) as number[];
  for (const rtt of known) assert.ok(rtt > 0 && rtt < 2, `${rtt}`);
  assert.ok(new Set(known).size > 1, 'each ping is timed anew');
});

test('without pings nothing is told', async t => {
  const told = await roundTrips(t, 0, calls => calls.length === 3);
  assert.deepEqual(told, [undefined, undefined, undefined]);
});
