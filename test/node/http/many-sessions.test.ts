/** Owns the promise that a page of very many sessions does not keep the router from routing. */

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pagesOf } from '../../../src/node/http/pages.js';
import { Router } from '../../../src/router.js';
import { listening } from './listening.js';

const SESSIONS = 10_000;
/** Rendered in one go it would be one or two. */
const LEAST_PIECES = 20;

const router = new Router({
  realms: [
    {
      name: 'realm1',
      roles: [{ name: 'anonymous', permissions: [] }],
      uriCheck: 'loose',
      requestIds: 'strict',
      metaApi: true,
      onLeave: 'id',
      stats: undefined,
    },
  ],
});
const realm = router.realm('realm1')!;

before(async () => {
  const hello = Buffer.from('[1,"realm1",{"roles":{"caller":{}}}]');
  for (let i = 0; i < SESSIONS; i++) {
    router.connect('json', { auth: { anonymous: { role: 'anonymous' } } }).send(hello);
    if (i % 500 === 0) await nextTurn();
  }
  while (realm.sessions.size < SESSIONS) await nextTurn();
});

/** Milliseconds of the longest turn of the event loop while `work` goes on. */
async function longestTurn(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let going = true;
  const watching = (async () => {
    for (let last = performance.now(); going; ) {
      await nextTurn();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  })();
  await work();
  going = false;
  await watching;
  return longest;
}

for (const query of [`limit=${SESSIONS}`, `limit=${SESSIONS}&sort=joined&order=asc`]) {
  test(`a page of ${SESSIONS} sessions (${query}) comes in pieces, each made while others are sent`, async t => {
    const url = await listening(
      t,
      pagesOf({
        node: 'node1',
        now: () => Date.now(),
        realms: () => [{ worker: 'worker1', name: 'realm1', sessions: realm.sessions }],
        metrics: () => ({ contentType: 'text/plain', body: '' }),
        unready: () => undefined,
      }),
    );
    let pieces = 0;
    const longest = await longestTurn(async () => {
      const response = await fetch(`${url}/sessionz?${query}`, { headers: { 'accept-encoding': 'identity' } });
      assert.equal(response.headers.get('content-length'), null, 'nobody knew its length before it was made');
      for await (const _ of response.body!) pieces++;
    });
    // How long a turn may be is for the benchmark to judge.
    t.diagnostic(`${pieces} pieces, the longest turn ${longest.toFixed(1)} ms`);
    assert.ok(pieces >= LEAST_PIECES, `${pieces} pieces`);
  });
}

test('such a page is complete, in order and valid', async t => {
  const source = {
    node: 'node1',
    now: () => Date.now(),
    realms: () => [{ worker: 'worker1', name: 'realm1', sessions: realm.sessions }],
    metrics: () => ({ contentType: 'text/plain', body: '' }),
    unready: () => undefined,
  };
  const url = await listening(t, pagesOf(source));
  const response = await fetch(`${url}/sessionz?limit=${SESSIONS}&sort=session&order=asc`);
  const { total, sessions } = (await response.json()) as { total: number; sessions: { session: number }[] };
  assert.equal(total, SESSIONS);
  assert.deepEqual(
    sessions.map(({ session }) => session),
    [...realm.sessions.keys()].sort((a, b) => a - b),
  );
});
