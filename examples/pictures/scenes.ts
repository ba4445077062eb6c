/** Owns the actions of the pictures: real clients that do one thing of each kind, and how to find its trace again. */

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type AutobahnSession, autobahnError, joinAutobahn } from '../demo/autobahn.js';
import { joinWampy } from '../demo/wampy.js';
import type { Question } from './jaeger.js';

export const TICKET = { authid: 'ali', ticket: 'a secret' };

/** Pictures by file name, each with the trace that it shows. */
export const PICTURES: Readonly<Record<string, Question>> = {
  'session-open': { operation: 'session open', tags: { 'wamp.authmethod': 'ticket', 'wamp.outcome': 'ok' }, spans: 2 },
  'session-refused': {
    operation: 'session open',
    tags: { 'error.type': 'wamp.error.authentication_denied' },
    spans: 2,
  },
  'session-close': { operation: 'session close', tags: { 'wamp.authid': TICKET.authid }, spans: 1 },
  call: { operation: 'call com.example.sum', spans: 2 },
  'call-failed': { operation: 'call com.example.fail', spans: 2 },
  'call-refused': { operation: 'call', tags: { 'wamp.authorize.decision': 'denied' }, spans: 1 },
  'call-progressive': { operation: 'call com.example.stream', spans: 2 },
  'call-canceled': { operation: 'call com.example.slow', tags: { 'wamp.cancel.mode': 'skip' }, spans: 2 },
  'call-timeout': { operation: 'call com.example.slow', tags: { 'error.type': 'wamp.error.timeout' }, spans: 2 },
  publish: { operation: 'publish com.example.news', tags: { 'wamp.event.recipients': '40' }, spans: 2 },
  'publish-slow': { operation: 'deliver com.example.pictures', tags: { 'error.type': 'dropped' }, spans: 10 },
  subscribe: { operation: 'subscribe com.example.news', spans: 1 },
  unsubscribe: { operation: 'unsubscribe com.example.news', spans: 1 },
  register: { operation: 'register com.example.sum', spans: 1 },
  unregister: { operation: 'unregister com.example.sum', spans: 1 },
};

/** How often the router must ping, so that round trips are known. Milliseconds. */
export const PING_MS = 1000;

export async function play(url: string): Promise<void> {
  const { session: callee, leave: calleeLeaves } = await joinAutobahn('realm1', { url });
  const registration = await callee.register('com.example.sum', async args => {
    await sleep(4);
    return (args as number[]).reduce((sum, term) => sum + term, 0);
  });
  await callee.register('com.example.fail', () => {
    throw autobahnError('com.example.error.out_of_tea', ['no tea']);
  });
  await callee.register('com.example.stream', async (_args, _keywords, { progress }) => {
    for (const part of [1, 2, 3]) {
      await sleep(3);
      progress!([part]);
    }
    return 'all';
  });
  await callee.register('com.example.slow', async () => {
    await sleep(40);
    return 'at last';
  });
  const { session: caller, leave } = await joinAutobahn('realm1', { url }, TICKET);
  await joinAutobahn('realm1', { url }, { ...TICKET, ticket: 'a guess' }).catch(() => {});
  // The first pings have been answered by then.
  await sleep(PING_MS + 300);
  await calls(caller, url);
  await publications(caller, url);
  await registration.unregister();
  await leave();
  await calleeLeaves();
}

async function calls(caller: AutobahnSession, url: string): Promise<void> {
  await caller.call('com.example.sum', [2, 3]);
  await caller.call('com.example.fail').catch(() => {});
  await caller.call('com.forbidden.door').catch(() => {});
  await caller.call('com.example.stream', [], {}, { receive_progress: true }).progress(() => {});
  await caller.call('com.example.slow', [], {}, { timeout: 10 }).catch(() => {});
  const impatient = await joinWampy(url, 'realm1', 'json');
  const skipped = impatient.call('com.example.slow').catch(() => {});
  const { reqId } = impatient.getOpStatus();
  await sleep(12);
  impatient.cancel(reqId, { mode: 'skip' });
  await skipped;
  // The callee answers all the same.
  await sleep(60);
  await impatient.disconnect();
}

async function publications(caller: AutobahnSession, url: string): Promise<void> {
  const subscribers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => joinWampy(url, 'realm1', (['json', 'msgpack', 'cbor'] as const)[i % 3]!)),
  );
  for (const subscriber of subscribers) await subscriber.subscribe('com.example.news', () => {});
  await caller.publish('com.example.news', ['it rains'], {}, { acknowledge: true });
  await subscribers[0]!.unsubscribe('com.example.news');
  for (const subscriber of subscribers.slice(0, 5)) await subscriber.subscribe('com.example.pictures', () => {});
  const deaf = await Promise.all(Array.from({ length: 10 }, () => subscribeAndStop(url, 'com.example.pictures')));
  // What the operating systems of both ends take, and then some.
  for (let i = 0; i < 160; i++) {
    await caller.publish('com.example.pictures', ['x'.repeat(100_000)], {}, { acknowledge: true });
  }
  for (const webSocket of deaf) webSocket.terminate();
  await Promise.all(subscribers.map(subscriber => subscriber.disconnect()));
}

/** A subscriber that does not read. */
async function subscribeAndStop(url: string, topic: string): Promise<WebSocket> {
  const webSocket = new WebSocket(url, ['wamp.2.json']);
  await once(webSocket, 'open');
  for (const message of [
    [1, 'realm1', { roles: { subscriber: {} } }],
    [32, 1, {}, topic],
  ]) {
    webSocket.send(JSON.stringify(message));
    await once(webSocket, 'message');
  }
  webSocket.pause();
  return webSocket;
}
