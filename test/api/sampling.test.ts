/** Owns that sampling is read and changed by procedures while the router runs, and that native traces can force spans. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Readers } from '../../src/api/readers.js';
import { OtlpReceiver } from '../e2e/otlp-receiver.js';
import { RawClient } from '../e2e/raw-client.js';
import { type RouterNode, startRouterNode } from '../e2e/router-node.js';
import { until } from '../observers/spans/pipelines.js';
import { TestClient } from '../trace/observed.js';

let receiver: OtlpReceiver;
let router: RouterNode;
let management: TestClient;
let caller: TestClient;

before(async () => {
  receiver = await OtlpReceiver.listen();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '10' };
  const telemetry = {
    sampling: { ratio: 0, rules: [{ uri: 'com.rule', ratio: 1, ttl: 3600 }] },
    propagation: { baggage: true },
  };
  router = await startRouterNode('rows', env, telemetry);
  const inside = router.node.workers[0]!.router;
  management = new TestClient(inside);
  await management.send([1, 'com.wampscope.management', { roles: { caller: {} } }]);
  caller = new TestClient(inside);
  await caller.send([1, 'realm1', { roles: { caller: {}, publisher: {}, callee: {} } }]);
  await caller.request([64, undefined, {}, 'com.mine']);
});
after(async () => {
  await router.node.stop();
  await receiver.close();
});

async function ask(procedure: string, ...args: unknown[]): Promise<{ [key: string]: unknown }> {
  await management.request([48, undefined, {}, procedure, ['node1', ...args]]);
  const [code, , , result] = management.last;
  assert.equal(code, 50, JSON.stringify(management.last));
  return (result as { [key: string]: unknown }[])[0]!;
}

async function refused(...sampling: unknown[]): Promise<string> {
  await management.request([48, undefined, {}, 'wampscope.sampling.set', ['node1', ...sampling]]);
  const [code, , , , uri, args] = management.last;
  assert.deepEqual([code, uri], [8, 'wamp.error.invalid_argument']);
  return (args as string[])[0]!;
}

const publish = (topic: string, options: object = {}): Promise<number> =>
  caller.request([16, undefined, options, topic]);

async function spansOf(topic: string): Promise<string[]> {
  const name = `publish ${topic}`;
  await until(() => receiver.spans.some(span => span.name === name));
  return receiver.spans.filter(span => span.name === name).map(span => String(span.attributes['wamp.sampling.reason']));
}

test('get tells options, rules with what is left of their time, and counters', async () => {
  const { kept, limited, malformed, rules, ...options } = await ask('wampscope.sampling.get');
  assert.deepEqual(options, {
    ratio: 0,
    spans_per_second: 2000,
    errors: true,
    slow_threshold: 500,
    late_spans_per_second: 2000,
  });
  const [rule] = rules as [{ ttl: number }];
  assert.ok(rule.ttl > 3500 && rule.ttl <= 3600);
  assert.deepEqual(rules, [{ uri: 'com.rule', ratio: 1, ttl: rule.ttl }]);
  assert.deepEqual(Object.keys(kept as object), ['native_trace', 'remote', 'rule', 'ratio', 'error', 'slow']);
  assert.deepEqual(limited, { head: 0, late: 0 });
  assert.deepEqual(malformed, { traceparent: 0, tracestate: 0, baggage: 0 });
});

test('rules of the configuration hold, and what is malformed is counted', async () => {
  await publish('com.none');
  await publish('com.rule', { _traceparent: 'x', _tracestate: 'y' });
  assert.deepEqual(await spansOf('com.rule'), ['rule']);
  await publish('com.none', { _traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, _baggage: '!' });
  assert.deepEqual((await ask('wampscope.sampling.get')).malformed, { traceparent: 1, tracestate: 0, baggage: 1 });
  assert.ok(!receiver.spans.some(span => span.name === 'publish com.none'));
});

test('set changes what is given, at once, keeps the rest, and is told in the log', async () => {
  const changed = await ask('wampscope.sampling.set', {
    ratio: 1,
    rules: [{ authrole: 'anonymous', slow_threshold: 5 }],
  });
  assert.deepEqual(changed.rules, [{ authrole: 'anonymous', slow_threshold: 5 }]);
  assert.deepEqual([changed.ratio, changed.spans_per_second], [1, 2000]);
  await publish('com.changed');
  assert.deepEqual(await spansOf('com.changed'), ['ratio']);
  const line = router.lines.find(said => said.startsWith('sampling changed by role "anonymous": '))!;
  assert.deepEqual(JSON.parse(line.slice(line.indexOf('{'))), { ...changed, rules: 1 });
  await ask('wampscope.sampling.set', { ratio: 0, rules: [] });
  await publish('com.unchanged');
});

test('the log line of a change is short, however long the rules are', async () => {
  const texts = { uri: 'u'.repeat(512), authid: 'i'.repeat(512), authrole: 'r'.repeat(512), realm: 'realm1' };
  const { rules } = await ask('wampscope.sampling.set', { rules: Array(100).fill({ ...texts, ratio: 0 }) });
  assert.deepEqual((rules as unknown[])[99], { ...texts, ratio: 0 });
  const line = router.lines.findLast(said => said.startsWith('sampling changed by '))!;
  assert.match(line, /"rules":100/);
  assert.ok(line.length < 500, line);
  await ask('wampscope.sampling.set', { rules: [] });
});

test('a text that is too long is refused by its length, and is not repeated', async () => {
  for (const key of ['uri', 'authid', 'authrole', 'realm']) {
    const text = await refused({ rules: [{ [key]: 'x'.repeat(513), ratio: 1 }] });
    assert.equal(text, `invalid sampling: rules[0].${key} is 513 characters long; expected at most 512`);
  }
  for (const sampling of ['x'.repeat(9999), { ['x'.repeat(9999)]: 1 }, { ratio: Array(99).fill('x'.repeat(99)) }]) {
    const text = await refused(sampling);
    assert.ok(text.length < 500, text);
  }
});

test('wrong values are refused with the key, the value and what was expected; nothing changes', async () => {
  const before = await ask('wampscope.sampling.get');
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [7, /sampling is 7; expected a dict/],
    [null, /sampling is null; expected a dict/],
    [{ ratio: null }, /ratio is null; expected a number from 0 to 1/],
    [{ rules: null }, /rules is null; expected a list/],
    [
      { rules: [{ realm: 'realm9', ratio: 1 }] },
      /rules\[0\].realm is 'realm9'; expected a realm of this node: .*realm1/,
    ],
    [{ ratoi: 1 }, /key of sampling is 'ratoi'; expected one of ratio, /],
    [{ ratio: 1.01 }, /ratio is 1.01; expected a number from 0 to 1/],
    [{ ratio: 'all' }, /ratio is 'all'/],
    [{ spans_per_second: -1 }, /spans_per_second is -1; expected an integer, 0 or more/],
    [{ late_spans_per_second: 1.5 }, /late_spans_per_second is 1.5/],
    [{ errors: 1 }, /errors is 1; expected a boolean/],
    [{ slow_threshold: 86_400_001 }, /slow_threshold is 86400001; expected an integer from 0 to 86400000/],
    [{ ratio: 0.5, rules: {} }, /rules is {}; expected a list of at most 100 rules/],
    [{ rules: Array(101).fill({ uri: 'a', ratio: 1 }) }, /rules is '101 rules'/],
    [{ rules: [{ ratio: 1 }] }, /rules\[0\] is { ratio: 1 }; expected one of uri, realm, authid, authrole in it/],
    [{ rules: [{ uri: 'a' }] }, /rules\[0\] .* expected ratio or slow_threshold in it/],
    [{ rules: [{ uri: 'a', ratio: 2 }] }, /rules\[0\].ratio is 2/],
    [
      { rules: [{ uri: 'a', match: 'wildcard', ratio: 1 }] },
      /rules\[0\].match is 'wildcard'; expected "exact" or "prefix"/,
    ],
    [{ rules: [{ realm: 'a', match: 'exact', ratio: 1 }] }, /rules\[0\].match .* together with uri/],
    [{ rules: [{ uri: 'a', ratio: 1, ttl: 0 }] }, /rules\[0\].ttl is 0; expected an integer from 1 to/],
    [{ rules: [{ uri: '', ratio: 1 }] }, /rules\[0\].uri is ''/],
  ];
  assert.match(await refused(), /sampling is not given; expected a dict/);
  for (const [sampling, message] of cases) assert.match(await refused(sampling), message);
  assert.deepEqual(await ask('wampscope.sampling.get'), before);
});

test('a native trace with otel forces spans for the actions it chooses, for as long as it runs', async () => {
  const start = (id: string, options: object) =>
    ask('crossbarfabriccenter.start_trace', 'worker1', id, { otel: true, ...options });
  await start('forced', { filter: { uri: 'com.forced' } });
  await publish('com.forced');
  await publish('com.forced.not');
  assert.deepEqual(await spansOf('com.forced'), ['native_trace']);
  const records = (await ask('crossbarfabriccenter.get_trace_data', 'worker1', 'forced')) as unknown as {
    span_id: string;
  }[];
  const span = receiver.spans.find(({ name }) => name === 'publish com.forced')!;
  assert.deepEqual(
    records.map(record => record.span_id),
    [span.spanId],
  );
  await ask('crossbarfabriccenter.stop_trace', 'worker1', 'forced');
  await publish('com.forced');
  await start('slow', { filter: { uri: 'com.held', min_duration: 0 } });
  await publish('com.held');
  assert.deepEqual(await spansOf('com.held'), ['native_trace']);
  assert.equal((await spansOf('com.forced')).length, 1);
});

test('records tell the span that their message belongs to, once it is kept: also for an error, which is at the end', async () => {
  await ask('crossbarfabriccenter.start_trace', 'worker1', 'spans', {});
  const url = `ws://127.0.0.1:${router.port}/ws`;
  const callee = await RawClient.join(url, 'realm1', { callee: {} });
  callee.send([64, 1, {}, 'com.fails']);
  await callee.next(65);
  await caller.request([48, undefined, {}, 'com.fails']);
  const [, invocation] = await callee.next(68);
  callee.send([8, 68, invocation, {}, 'com.example.error']);
  await until(() => receiver.spans.some(span => span.name === 'invoke com.fails'));
  await callee.leave();
  await publish('com.unkept');
  const records = (await ask('crossbarfabriccenter.get_trace_data', 'worker1', 'spans')) as unknown as {
    uri: string;
    direction: string;
    msg_type: string;
    span_id: string | null;
  }[];
  const spanOf = (name: string): string => receiver.spans.find(span => span.name === name)!.spanId;
  const told = records
    .filter(({ uri, msg_type }) => uri === 'com.unkept' || (uri === 'com.fails' && !msg_type.startsWith('Regist')))
    .map(({ direction, msg_type, span_id }) => [direction, msg_type, span_id]);
  assert.deepEqual(told, [
    ['rx', 'Call', spanOf('call com.fails')],
    ['tx', 'Invocation', spanOf('invoke com.fails')],
    ['rx', 'Error', spanOf('invoke com.fails')],
    ['tx', 'Error', spanOf('call com.fails')],
    ['rx', 'Publish', null],
  ]);
});

test('a role that may see some realms only may not change what concerns all', () => {
  const readers = new Readers(new Map([['operator', ['realm1']]]));
  assert.throws(
    () => readers.mayChange('operator'),
    /role "operator" may see some realms only, and change nothing of all/,
  );
  readers.mayChange('admin');
});
