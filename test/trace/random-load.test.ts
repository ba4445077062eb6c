/**
 * Owns the correlator's invariants under random load: sessions come and go, cancel, time out, answer late or never. What is
 * known of an action is the same whether anybody looks at its messages or not.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedAction } from '../../src/trace/action.js';
import type { TracedInvocation } from '../../src/trace/invocation.js';
import { FakeTime, Observed, type TestClient } from './observed.js';

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

/** Plays the load of a seed until everybody has left. */
async function play(o: Observed, seed: number, advance: (milliseconds: number) => void): Promise<void> {
  const below = random(seed);
  const clients: TestClient[] = [];
  const pick = (): TestClient => clients[below(clients.length)]!;
  const arrive = async (): Promise<void> => {
    const features = { call_canceling: true, progressive_call_results: true };
    const client = await o.client(below(2) ? { callee: { features } } : { callee: {} });
    await client.request([64, undefined, { invoke: 'roundrobin' }, `com.p${below(3)}`]);
    await client.request([32, undefined, below(2) ? { match: 'prefix' } : {}, `com.t${below(3)}`]);
    clients.push(client);
  };
  for (let i = 0; i < 6; i++) await arrive();

  const steps: (() => Promise<unknown>)[] = [
    () => {
      const options = [{}, {}, { timeout: 50 }, { receive_progress: true }][below(4)];
      return pick().request([48, undefined, options, `com.p${below(4)}`, [1]]);
    },
    () =>
      pick().request([16, undefined, { acknowledge: below(2) === 0, exclude_me: below(2) === 0 }, `com.t${below(4)}`]),
    async () => {
      const callee = pick();
      const open = callee.received.filter(m => m[0] === 68);
      if (!open.length) return;
      const id = open[below(open.length)]![1] as number;
      await callee.send(
        [
          [70, id, {}, [2]],
          [70, id, { progress: true }, [2]],
          [70, id, {}],
          [8, 68, id, {}, 'com.failed'],
        ][below(4)]!,
      );
    },
    async () => {
      const caller = pick();
      const id = below(40) + 1;
      await caller.send([49, id, { mode: ['skip', 'kill', 'killnowait'][below(3)] }]);
    },
    async () => advance(below(60)),
    async () => {
      if (below(8)) return;
      const [gone] = clients.splice(below(clients.length), 1);
      if (below(3) === 0) await gone!.close();
      else await gone!.send(below(2) ? [6, {}, 'wamp.close.close_realm'] : [70, 4711, {}]);
      await arrive();
    },
  ];
  for (let i = 0; i < STEPS; i++) await steps[below(steps.length)]!();
  for (const client of clients) await client.close();
}

for (const seed of SEEDS) {
  test(`every action ends once and shares nothing, seed ${seed}`, async () => {
    const o = new Observed();
    await play(o, seed, milliseconds => o.time.advance(milliseconds));

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
      const ends = story.filter(step => step === 'tx 50' || step === 'tx 8').length - action.progress;
      assert.equal(ends, action.outcome === 'caller_gone' ? 0 : 1, `${action.outcome}: ${story}`);
      assert.equal(story[0], 'rx 48');
    }
    const kinds = new Set(o.ended.map(action => action.outcome));
    for (const outcome of ['ok', 'error', 'canceled', 'timeout', 'caller_gone', 'callee_gone'] as const) {
      assert.ok(kinds.has(outcome), `the load must bring about ${outcome}`);
    }
  });
}

/** Everything but the ids, which are random, and who it was, which is told by the numbers of requests. */
function known(action: TracedAction): unknown {
  const { kind, uri, request, outcome, error, messages, progress, firstResultAt, cancelMode, unanswered } = action;
  const { startedAt, endedAt, firstFrame } = action;
  // EVENTs that are told of together have no numbers.
  const lastFrame = kind === 'publish' ? 0 : action.lastFrame;
  const times = { startedAt, endedAt, firstResultAt, firstFrame, lastFrame };
  const invocations = action.invocations?.map(knownOf);
  return { kind, uri, request, outcome, error, messages, progress, cancelMode, unanswered, ...times, invocations };
}

function knownOf({ request, outcome, error, startedAt, endedAt, outlives, answeredLate }: TracedInvocation): unknown {
  return { request, outcome, error, startedAt, endedAt, outlives, answeredLate };
}

/** What is known in the end of the actions of a seed, and which answers came late. */
async function story(
  seed: number,
  seesFrames: boolean,
  maxOpen: number,
): Promise<{ ended: unknown[]; late: unknown[] }> {
  // EVENTs that are told of together share a reading of the clock, so readings must not move it.
  const time = new FakeTime();
  const o = new Observed({ maxOpen }, { clock: () => time.now, timers: time.timers }, seesFrames);
  const late: unknown[] = [];
  o.observe({ onLateInvocation: (action, invocation) => late.push([action.request, knownOf(invocation)]) });
  await play(o, seed, milliseconds => time.advance(milliseconds));
  return { ended: o.ended.map(known), late };
}

for (const seed of SEEDS) {
  for (const maxOpen of [100_000, 4]) {
    test(`what is known of actions is the same when nobody sees their messages, seed ${seed}, ${maxOpen} open`, async () => {
      const [shown, merged] = [await story(seed, true, maxOpen), await story(seed, false, maxOpen)];
      assert.ok(shown.late.length > 0, 'the load must bring about answers after the end');
      assert.deepEqual(merged, shown);
    });
  }
}
