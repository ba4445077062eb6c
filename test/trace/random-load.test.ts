/**
 * Owns the correlator's invariants under random load: sessions come and go, cancel, time out, answer late or never. What is
 * known of an action is the same whether anybody looks at its messages or not.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedAction } from '../../src/trace/action.js';
import { Correlator, type CorrelatorOptions } from '../../src/trace/correlator.js';
import type { TracedInvocation } from '../../src/trace/invocation.js';
import { SAMPLING_DEFAULTS, Sampler } from '../../src/trace/sampling/sampler.js';
import { RandomIds } from '../../src/wire/ids.js';
import { Random } from '../helpers/random.js';
import { FakeTime, Observed, type TestClient } from './observed.js';

const SEEDS = [1, 2, 3, 4];
const STEPS = 1500;
const TRACEPARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
const CALL_OPTIONS = [{}, {}, {}, { timeout: 50 }, { receive_progress: true }, { _traceparent: TRACEPARENT }];

/** Plays the load of a seed until everybody has left. */
async function play(o: Observed, seed: number, advance: (milliseconds: number) => void): Promise<void> {
  const random = new Random(seed);
  const clients: TestClient[] = [];
  const pick = (): TestClient => random.pick(clients);
  const arrive = async (): Promise<void> => {
    const features = { call_canceling: true, progressive_call_results: true };
    const client = await o.client(random.below(2) ? { callee: { features } } : { callee: {} });
    await client.request([64, undefined, { invoke: 'roundrobin' }, `com.p${random.below(3)}`]);
    await client.request([32, undefined, random.below(2) ? { match: 'prefix' } : {}, `com.t${random.below(3)}`]);
    clients.push(client);
  };
  for (let i = 0; i < 6; i++) await arrive();

  const steps: (() => Promise<unknown>)[] = [
    () => {
      const options = random.pick(CALL_OPTIONS);
      return pick().request([48, undefined, options, `com.p${random.below(4)}`, [1]]);
    },
    () => {
      const options = random.below(2) ? {} : { acknowledge: random.below(2) === 0, exclude_me: random.below(2) === 0 };
      return pick().request([16, undefined, options, `com.t${random.below(4)}`]);
    },
    async () => {
      const callee = pick();
      const open = callee.received.filter(m => m[0] === 68);
      if (!open.length) return;
      const id = random.pick(open)[1] as number;
      const answers = [
        [70, id, {}, [2]],
        [70, id, { progress: true }, [2]],
        [70, id, {}],
        [8, 68, id, {}, 'com.failed'],
      ];
      await callee.send(random.pick(answers));
    },
    async () => {
      const caller = pick();
      const id = random.below(2) ? random.below(40) + 1 : Math.max(1, caller.newest - random.below(3));
      await caller.send([49, id, { mode: random.pick(['skip', 'kill', 'killnowait']) }]);
    },
    async () => advance(random.below(60)),
    async () => {
      if (random.below(8)) return;
      const [gone] = clients.splice(random.below(clients.length), 1);
      if (random.below(3) === 0) await gone!.close();
      else await gone!.send(random.below(2) ? [6, {}, 'wamp.close.close_realm'] : [70, 4711, {}]);
      await arrive();
    },
  ];
  for (let i = 0; i < STEPS; i++) await steps[random.below(steps.length)]!();
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

/** Everything but who it was, which the numbers of requests tell; ids are for actions that drew them in the same order. */
function known(action: TracedAction, withIds: boolean): unknown {
  const { kind, uri, request, outcome, error, messages, method, match, policy, cancelMode } = action;
  const { progressive, timeout, progress, acknowledge, unanswered, invoked, partial, sampled } = action;
  const { startedAt, endedAt, firstResultAt, firstFrame } = action;
  // EVENTs that are told of together have no numbers, and a publication has a random id.
  const [lastFrame, subject] = kind === 'publish' ? [0, 0] : [action.lastFrame, action.subject];
  const told = { kind, uri, request, outcome, error, messages, subject, method, match, policy, cancelMode };
  const asked = { progressive, timeout, progress, acknowledge, unanswered, invoked, partial, sampled };
  const times = { startedAt, endedAt, firstResultAt, firstFrame, lastFrame };
  const { correlation, traceId, spanId, tracestate, parent, flags } = action;
  const ids = withIds ? { correlation, traceId, spanId, tracestate, parent, flags } : undefined;
  const recipients = action.fanOut?.recipients;
  return { ...told, ...asked, ...times, ids, recipients, invocations: action.invocations?.map(knownOf) };
}

function knownOf({ request, outcome, error, startedAt, endedAt, outlives, answeredLate }: TracedInvocation): unknown {
  return { request, outcome, error, startedAt, endedAt, outlives, answeredLate };
}

interface Watching extends Partial<CorrelatorOptions> {
  readonly seesFrames: boolean;
  readonly borrows: boolean;
}

/** What is known of the actions of a seed when they end, and which answers came late. */
async function story(seed: number, { seesFrames, borrows, ...options }: Watching, withIds = false) {
  // EVENTs that are told of together share a reading of the clock, so readings must not move it.
  const time = new FakeTime();
  const o = new Observed({}, { clock: () => time.now, timers: time.timers });
  const random = new Random(seed);
  const ids = new RandomIds(words => void words.set(words.map(() => random.below(2 ** 32))));
  const correlator = new Correlator({ random: ids, ...options });
  const ended: unknown[] = [];
  const late: unknown[] = [];
  correlator.add({
    borrows,
    ...(seesFrames ? { onFrame: () => undefined } : {}),
    onActionEnd: action => ended.push(known(action, withIds)),
    onLateInvocation: (action, invocation) => late.push([action.request, knownOf(invocation)]),
  });
  o.router.tap = correlator;
  await play(o, seed, milliseconds => time.advance(milliseconds));
  return { ended, late };
}

for (const seed of SEEDS) {
  for (const maxOpen of [100_000, 4]) {
    test(`what is known of actions is the same when nobody sees their messages, seed ${seed}, ${maxOpen} open`, async () => {
      const shown = await story(seed, { seesFrames: true, borrows: false, maxOpen });
      const merged = await story(seed, { seesFrames: false, borrows: false, maxOpen });
      assert.ok(shown.late.length > 0, 'the load must bring about answers after the end');
      assert.deepEqual(merged, shown);
    });
  }
  for (const seesFrames of [true, false]) {
    for (const samples of [true, false]) {
      const how = `frames ${seesFrames}, sampled ${samples}`;
      test(`an object that serves another action shows nothing of the one before, seed ${seed}, ${how}`, async () => {
        const options = { ...SAMPLING_DEFAULTS, ratio: 0.5, slowThreshold: 50 };
        const watching = () => ({ seesFrames, ...(samples ? { sampler: new Sampler(options) } : {}) });
        const kept = await story(seed, { ...watching(), borrows: false }, true);
        const lent = await story(seed, { ...watching(), borrows: true }, true);
        assert.deepEqual(lent, kept);
      });
    }
  }
}
