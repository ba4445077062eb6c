/** Owns the correlator's invariants under random load: sessions come and go, cancel, time out, answer late or never. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Observed, type TestClient } from './observed.js';

const SEEDS = [1, 2, 3, 4];
const STEPS = 1500;

/** A small generator of uniform numbers; a seed makes a failure repeatable. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

for (const seed of SEEDS) {
  test(`every action ends once and shares nothing, seed ${seed}`, async () => {
    const below = random(seed);
    const o = new Observed();
    const clients: TestClient[] = [];
    const answered = new Map<TestClient, number>();
    const pick = (): TestClient => clients[below(clients.length)]!;
    const arrive = async (): Promise<void> => {
      const client = await o.client(below(2) ? { callee: { features: { call_canceling: true } } } : { callee: {} });
      await client.request([64, undefined, { invoke: 'roundrobin' }, `com.p${below(3)}`]);
      await client.request([32, undefined, below(2) ? { match: 'prefix' } : {}, `com.t${below(3)}`]);
      clients.push(client);
      answered.set(client, 0);
    };
    for (let i = 0; i < 6; i++) await arrive();

    const steps: (() => Promise<unknown>)[] = [
      () => pick().request([48, undefined, below(3) ? {} : { timeout: 50 }, `com.p${below(4)}`, [1]]),
      () =>
        pick().request([
          16,
          undefined,
          { acknowledge: below(2) === 0, exclude_me: below(2) === 0 },
          `com.t${below(4)}`,
        ]),
      async () => {
        const callee = pick();
        const open = callee.received.filter(m => m[0] === 68);
        if (!open.length) return;
        const id = open[below(open.length)]![1] as number;
        await callee.send(below(3) ? [70, id, {}, [2]] : [8, 68, id, {}, 'com.failed']);
      },
      async () => {
        const caller = pick();
        const id = below(40) + 1;
        await caller.send([49, id, { mode: ['skip', 'kill', 'killnowait'][below(3)] }]);
      },
      async () => o.time.advance(below(60)),
      async () => {
        if (below(8)) return;
        const [gone] = clients.splice(below(clients.length), 1);
        if (below(2)) await gone!.close();
        else await gone!.send([6, {}, 'wamp.close.close_realm']);
        await arrive();
      },
    ];
    for (let i = 0; i < STEPS; i++) await steps[below(steps.length)]!();
    for (const client of clients) await client.close();

    assert.equal(o.correlator.openActions, 0, 'nothing stays open when everybody has left');
    const ids = o.ended.map(action => action.correlation);
    assert.equal(new Set(ids).size, ids.length, 'every action ends once, under an id of its own');
    const anchors = o.frames.filter(
      frame => frame.direction === 'received' && [16, 32, 34, 48, 64, 66].includes(frame.code),
    );
    assert.equal(anchors.length, ids.length, 'every anchor became an action');
    assert.ok(
      o.frames.every((frame, i) => i === 0 || (frame.seq > o.frames[i - 1]!.seq && frame.at >= o.frames[i - 1]!.at)),
    );
    for (const action of o.ended.filter(({ kind }) => kind === 'call')) {
      const story = o.story(action);
      const ends = story.filter(step => step === 'tx 50' || step === 'tx 8').length;
      assert.equal(ends, action.outcome === 'caller_gone' ? 0 : 1, `${action.outcome}: ${story}`);
      assert.equal(story[0], 'rx 48');
    }
    const kinds = new Set(o.ended.map(action => action.outcome));
    for (const outcome of ['ok', 'error', 'canceled', 'timeout', 'caller_gone', 'callee_gone'] as const) {
      assert.ok(kinds.has(outcome), `the load must bring about ${outcome}`);
    }
  });
}
