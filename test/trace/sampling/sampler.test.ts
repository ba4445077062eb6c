/** Owns the chain of sampling: who decides before whom, for which reason, within which limits, at both ends of an action. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionKind, TracedAction } from '../../../src/trace/action.js';
import type { Outcome } from '../../../src/trace/outcome.js';
import type { RemoteContext } from '../../../src/trace/propagation.js';
import { Bucket } from '../../../src/trace/sampling/bucket.js';
import { REASON_NAMES, Reason } from '../../../src/trace/sampling/reason.js';
import { SAMPLING_DEFAULTS, Sampler, type SamplingOptions } from '../../../src/trace/sampling/sampler.js';
import { randomnessText } from '../../../src/trace/sampling/threshold.js';
import { TRUST_MODES } from '../../../src/trace/trust.js';
import { readTraceContext } from '../../../src/wire/trace-context.js';
import { Actions, NOON, session } from '../../observers/spans/actions.js';

const some = new Actions(3);
const ALICE = session(1, { authrole: 'user', authid: 'alice' });
const NONE = { ratio: 0, spansPerSecond: 0, lateSpansPerSecond: 0 };

function sampler(options: Partial<SamplingOptions> = {}): Sampler {
  return new Sampler({ ...SAMPLING_DEFAULTS, ...options });
}

function remote(flags: string, trust: RemoteContext['trust'], tracestate = ''): RemoteContext {
  const traceparent = `00-ffffffffffffffffffffffffffffffff-00f067aa0ba902b7-${flags}`;
  const faults = { traceparent: 0, tracestate: 0, baggage: 0 };
  return { context: readTraceContext({ _traceparent: traceparent, _tracestate: tracestate }, true, faults)!, trust };
}

function actionOf(kind: ActionKind = 'call', uri = 'com.example.a', from?: RemoteContext, who = ALICE): TracedAction {
  const action = some.action(kind, uri, who, from && from.trust !== 'link' ? from.context : undefined);
  action.remote = from;
  return action;
}

/** What becomes of an action at its beginning. */
function begun(of: Sampler, action: TracedAction): string {
  of.begin(action);
  return REASON_NAMES[action.sampled];
}

/** What becomes of an action that was not kept at its beginning. */
function ended(of: Sampler, action: TracedAction, outcome: Outcome, milliseconds = 1): string {
  of.begin(action);
  assert.equal(action.sampled, Reason.none);
  action.outcome = outcome;
  action.endedAt = NOON + milliseconds;
  of.end(action);
  return REASON_NAMES[action.sampled];
}

test('the flag of a remote parent counts where it is followed, and nowhere else', () => {
  const matrix = TRUST_MODES.filter(mode => mode !== 'ignore').flatMap(trust =>
    ['00', '01'].flatMap(flags =>
      [0, 1].map(ratio => {
        const kept = begun(
          sampler({ ratio, spansPerSecond: 0 }),
          actionOf('call', 'com.example.a', remote(flags, trust)),
        );
        return `${trust} ${flags} ${ratio}: ${kept || '-'}`;
      }),
    ),
  );
  assert.deepEqual(matrix, [
    'follow 00 0: -',
    'follow 00 1: -',
    'follow 01 0: remote',
    'follow 01 1: remote',
    'parent 00 0: -',
    'parent 00 1: ratio',
    'parent 01 0: -',
    'parent 01 1: ratio',
    'link 00 0: -',
    'link 00 1: ratio',
    'link 01 0: -',
    'link 01 1: ratio',
  ]);
});

test('who is not trusted cannot choose a trace id that is always kept', () => {
  const low = sampler({ ...NONE, ratio: 1e-9 });
  for (let i = 0; i < 1000; i++) assert.equal(begun(low, actionOf('call', 'a.b', remote('01', 'parent'))), '');
  // All bits set: R is as large as can be, and a tracer that is trusted has drawn it.
  const trusted = sampler({ ...NONE, ratio: 1e-9, parentBased: false });
  assert.equal(begun(trusted, actionOf('call', 'a.b', remote('00', 'follow'))), 'ratio');
});

test('a native trace goes before everything, and has no limit', () => {
  const of = sampler({ ...NONE, spansPerSecond: 1, rules: [{ uri: 'com.example.a', ratio: 0 }] });
  const claim = { atAnchor: (action: TracedAction) => action.uri === 'com.example.a', atEnd: () => false };
  of.claim(claim);
  for (let i = 0; i < 50; i++) {
    assert.equal(begun(of, actionOf('call', 'com.example.a', remote('00', 'follow'))), 'native_trace');
  }
  assert.equal(begun(of, actionOf('call', 'com.example.b')), '');
  of.unclaim(claim);
  assert.equal(begun(of, actionOf()), '');
});

test('a native trace that knows its actions only at their end keeps them there', () => {
  const of = sampler({ ...NONE, errors: false, slowThreshold: 0 });
  of.claim({ atAnchor: () => false, atEnd: action => action.outcome === 'ok' });
  assert.equal(ended(of, actionOf(), 'ok'), 'native_trace');
  assert.equal(ended(of, actionOf(), 'error'), '');
});

test('the first rule that fits decides, in either direction, for as long as it lives', () => {
  const of = sampler({
    ...NONE,
    ratio: 1,
    rules: [
      { uri: 'com.example.', match: 'prefix', authid: 'bob', ratio: 0 },
      { uri: 'com.example.', match: 'prefix', ratio: 1, until: NOON + 1000 },
      { authrole: 'user', ratio: 0 },
      { realm: 'realm2', ratio: 0 },
    ],
  });
  const bob = session(2, { authrole: 'member', authid: 'bob' });
  const carol = session(3, { authrole: 'member', authid: 'carol' });
  const elsewhere = session(4, { authrole: 'member', authid: 'dora', realm: 'realm2' });
  assert.equal(begun(of, actionOf('call', 'com.example.x')), 'rule');
  assert.equal(begun(of, actionOf('call', 'com.example')), '');
  assert.equal(begun(of, actionOf('call', 'com.example.x', undefined, bob)), '');
  assert.equal(begun(of, actionOf('call', 'net.x', undefined, carol)), 'ratio');
  assert.equal(begun(of, actionOf('call', 'net.x', undefined, elsewhere)), '');
  of.options = { ...of.options, rules: of.options.rules.map(rule => ({ ...rule, until: NOON - 1 })) };
  assert.equal(begun(of, actionOf('call', 'com.example.x', undefined, bob)), 'ratio');
});

test('the router’s own sessions are never kept', () => {
  const of = sampler({ ...NONE, ratio: 1 });
  const own = session(9, { internal: true });
  assert.equal(begun(of, actionOf('call', 'wamp.session.count', undefined, own)), '');
  assert.equal(ended(of, actionOf('call', 'wamp.session.count', undefined, own), 'error'), '');
});

test('errors and slow actions are kept at their end, whoever canceled or left is not', () => {
  const of = sampler(NONE);
  const outcomes: readonly (readonly [Outcome, number, string])[] = [
    ['ok', 499, ''],
    ['ok', 500, 'slow'],
    ['error', 1, 'error'],
    ['error', 900, 'error'],
    ['timeout', 1, 'error'],
    ['callee_gone', 1, 'error'],
    ['canceled', 1, ''],
    ['caller_gone', 1, ''],
    ['abandoned', 1, ''],
    ['canceled', 500, 'slow'],
  ];
  for (const [outcome, milliseconds, reason] of outcomes) {
    assert.equal(ended(of, actionOf(), outcome, milliseconds), reason, `${outcome} after ${milliseconds} ms`);
  }
  assert.equal(ended(sampler({ ...NONE, errors: false }), actionOf(), 'error'), '');
  assert.equal(ended(sampler({ ...NONE, slowThreshold: 0 }), actionOf(), 'ok', 1e6), '');
});

test('a rule says what is slow where it fits, earlier or later than everywhere else', () => {
  const rules = [
    { uri: 'com.fast.', match: 'prefix', slowThreshold: 10 },
    { uri: 'com.batch', slowThreshold: 60_000 },
    { uri: 'com.never', slowThreshold: 0 },
  ] as const;
  const of = sampler({ ...NONE, rules });
  const slow = (uri: string, milliseconds: number) => ended(of, actionOf('call', uri), 'ok', milliseconds);
  assert.deepEqual([slow('com.fast.x', 9), slow('com.fast.x', 10)], ['', 'slow']);
  assert.deepEqual([slow('com.batch', 59_999), slow('com.batch', 60_000)], ['', 'slow']);
  assert.deepEqual([slow('com.never', 1e6), slow('com.other', 499), slow('com.other', 500)], ['', '', 'slow']);
});

test('partial: kept at its end, and nobody downstream had been told', () => {
  const partial = (from?: RemoteContext): boolean => {
    const action = actionOf('call', 'a.b', from);
    assert.equal(ended(sampler(NONE), action, 'error'), 'error');
    return action.partial;
  };
  assert.equal(partial(), true);
  assert.equal(partial(remote('00', 'parent')), true);
  // The caller’s context went on as it was: its trace is recorded downstream, and this is that trace.
  assert.equal(partial(remote('01', 'parent')), false);
  assert.equal(partial(remote('01', 'link')), true);
});

test('tracestate tells the ratio that kept an action, and none when it was not chance', () => {
  const state = (of: Sampler, from?: RemoteContext): string => {
    const action = actionOf('call', 'a.b', from);
    of.begin(action);
    return action.tracestate;
  };
  const half = sampler({ ...NONE, ratio: 0.5 });
  let told = '';
  for (let i = 0; i < 100 && told === ''; i++) told = state(half);
  assert.equal(told, 'ot=th:8');
  assert.equal(state(sampler({ ...NONE, ratio: 1 })), '');
  assert.equal(state(sampler(), remote('01', 'follow', 'ot=th:c,a=1')), 'ot=th:c,a=1');
  let joined = '';
  for (let i = 0; i < 100 && joined === ''; i++) joined = state(half, remote('01', 'parent', 'a=1,ot=th:c'));
  // Our own bits decided, so they are told: R of the trace id says nothing here.
  assert.match(joined, /^ot=th:8;rv:[89a-f][0-9a-f]{13},a=1$/);
  const forced = sampler(NONE);
  forced.claim({ atAnchor: () => true, atEnd: () => false });
  assert.equal(state(forced, remote('01', 'parent', 'a=1,ot=th:c')), 'a=1');
});

test('a bucket gives a second’s worth at once, then what comes in', () => {
  const bucket = new Bucket(10);
  const taken = (count: number, at: number, times: number): number => {
    let n = 0;
    for (let i = 0; i < times; i++) if (bucket.take(count, at)) n++;
    return n;
  };
  assert.equal(taken(1, NOON, 100), 10);
  assert.equal(taken(1, NOON + 99, 100), 0);
  assert.equal(taken(1, NOON + 500, 100), 5);
  assert.equal(taken(1, NOON + 60_000, 100), 10);
  // What is larger than the bucket is given once, and paid for afterwards.
  assert.equal(taken(30, NOON + 120_000, 100), 1);
  assert.equal(taken(1, NOON + 121_000, 100), 0);
  assert.equal(taken(1, NOON + 122_100, 100), 1);
  assert.equal(new Bucket(0).take(1e9, NOON), true);
});

test('both limits hold by the second, and count what they keep out', () => {
  const of = sampler({ ratio: 1, spansPerSecond: 20, lateSpansPerSecond: 5 });
  const kept = (kind: ActionKind): number => {
    let n = 0;
    for (let i = 0; i < 100; i++) if (begun(of, actionOf(kind)) !== '') n++;
    return n;
  };
  assert.equal(kept('call'), 10);
  assert.equal(of.limitedHead, 90);
  assert.equal(of.kept[Reason.ratio], 10);
  let late = 0;
  for (let i = 0; i < 100; i++) if (ended(of, actionOf('register'), 'error') !== '') late++;
  assert.equal(late, 5);
  assert.equal(of.limitedTail, 95);
  assert.equal(of.kept[Reason.error], 5);
});

test('an error that is an answer is no reason to keep an action, by itself', () => {
  const of = new Sampler({ ...SAMPLING_DEFAULTS, ratio: 0 }, ['com.example.error.no', 'wamp.error.timeout']);
  const kept = (outcome: Outcome, error: string, milliseconds = 1): string => {
    const action = actionOf();
    action.error = error;
    return ended(of, action, outcome, milliseconds);
  };
  assert.equal(kept('error', 'com.example.error.no'), '');
  assert.equal(kept('error', 'com.example.error.no', 600), 'slow');
  assert.equal(kept('error', 'com.example.error.other'), 'error');
  assert.equal(kept('timeout', 'wamp.error.timeout'), '');
});

test('both ends of a session are kept, or neither, by the bits of the first; tracestate tells which', () => {
  const of = sampler({ ratio: 0.5, spansPerSecond: 0 });
  let kept = 0;
  for (let i = 0; i < 1000; i++) {
    const opening = some.opening(ALICE);
    const closing = some.closing(ALICE, opening, 'wamp.close.close_realm');
    of.session(opening);
    of.session(closing);
    assert.equal(closing.sampled, opening.sampled);
    if (opening.sampled === Reason.none) continue;
    kept++;
    assert.equal(opening.sampled, Reason.ratio);
    assert.equal(opening.tracestate, 'ot=th:8');
    assert.equal(closing.tracestate, `ot=th:8;rv:${randomnessText(opening.id2, opening.id3)}`);
  }
  assert.ok(Math.abs(kept - 500) < 5 * Math.sqrt(250), `${kept} of 1000`);
});

test('a session that was refused or had to be ended is kept, unless its error is an answer', () => {
  const of = new Sampler({ ...SAMPLING_DEFAULTS, ratio: 0 }, ['wamp.error.no_such_realm']);
  const opened = (error: string): string => {
    const opening = some.opening(ALICE, 'error', error);
    of.session(opening);
    return REASON_NAMES[opening.sampled];
  };
  assert.equal(opened('wamp.error.authentication_denied'), 'error');
  assert.equal(opened('wamp.error.no_such_realm'), '');
  const closed = (reason: string): string => {
    const closing = some.closing(ALICE, undefined, reason);
    of.session(closing);
    return REASON_NAMES[closing.sampled];
  };
  assert.equal(closed('no answer to a ping'), 'error');
  assert.equal(closed('transport_lost'), '');
  of.options = { ...of.options, errors: false };
  assert.equal(opened('wamp.error.authentication_denied'), '');
});

test('a rule that names no URI holds for sessions too, one that does holds for none', () => {
  const opened = (rule: Partial<SamplingOptions['rules'][number]>): string => {
    const opening = some.opening(ALICE);
    sampler({ ratio: 0, rules: [{ ...rule, ratio: 1 }] }).session(opening);
    return REASON_NAMES[opening.sampled];
  };
  assert.equal(opened({ authid: 'alice' }), 'rule');
  assert.equal(opened({ authid: 'bob' }), '');
  assert.equal(opened({ authid: 'alice', uri: 'com.example.a' }), '');
});

test('limits hold for sessions, and count what they keep out', () => {
  const of = sampler({ ratio: 1, spansPerSecond: 3, lateSpansPerSecond: 2, errors: true });
  const reasons = Array.from({ length: 10 }, () => {
    const opening = some.opening(ALICE, 'error', 'wamp.error.authentication_denied');
    of.session(opening);
    return REASON_NAMES[opening.sampled];
  });
  assert.deepEqual(reasons, ['ratio', 'ratio', 'ratio', 'error', 'error', '', '', '', '', '']);
  assert.deepEqual([of.limitedHead, of.limitedTail], [7, 5]);
});

test('the default keeps one in a hundred', () => {
  const of = sampler({ spansPerSecond: 0 });
  const n = 100_000;
  let kept = 0;
  for (let i = 0; i < n; i++) if (begun(of, actionOf()) === 'ratio') kept++;
  assert.ok(Math.abs(kept - n * 0.01) < 5 * Math.sqrt(n * 0.01), `${kept} of ${n}`);
});
