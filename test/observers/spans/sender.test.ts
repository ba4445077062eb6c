/** Owns attempts, pauses and the breaker: a real transport to a real receiver, by a clock that the test moves. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breaker } from '../../../src/observers/spans/breaker.js';
import { Figures } from '../../../src/observers/spans/figures.js';
import { createPost, retryAfterOf } from '../../../src/observers/spans/http-post.js';
import { type Outcome, Sender, TIMING } from '../../../src/observers/spans/sender.js';
import { exportSettings } from '../../../src/observers/spans/settings.js';
import { FakeClock } from './fake-clock.js';
import { until } from './pipelines.js';
import { type Answer, Receiver } from './receiver.js';

/** An empty request: the receiver reads it as one without spans. */
const BODY = new Uint8Array();

function senderTo(endpoint: string, random = 0.5) {
  const clock = new FakeClock();
  const figures = new Figures();
  const news: string[] = [];
  const outcomes: Outcome[] = [];
  const sender = new Sender({
    post: createPost(exportSettings(endpoint, {}, assert.fail)!, 2),
    clock,
    timing: TIMING,
    figures,
    tell: what => news.push(what),
    random: () => random,
  });
  const send = () => sender.send({ bytes: BODY, spans: 10 }, outcome => outcomes.push(outcome));
  /** Until `n` attempts have been answered, with no time passing. */
  const answered = (n: number) => until(() => figures.read().requests === n);
  return { clock, figures, news, outcomes, sender, send, answered };
}

const say =
  (status: number, headers: Record<string, string> = {}): Answer =>
  response =>
    response.writeHead(status, headers).end();

test('pauses grow from 1 s by half to 5 s, with a fifth of jitter', async () => {
  for (const [random, factor] of [
    [0.5, 1],
    [0, 0.8],
    [1, 1.2],
  ] as const) {
    await using receiver = await Receiver.start();
    receiver.answer = say(503);
    const { clock, send, answered } = senderTo(receiver.endpoint, random);
    send();
    const pauses = [];
    for (let n = 1; n <= 4; n++) {
      await answered(n);
      pauses.push(clock.next! / factor);
      clock.pass(clock.next!);
    }
    assert.deepEqual(pauses.map(Math.round), [1000, 1500, 2250, 3375]);
  }
});

test('Retry-After is honoured up to 30 s, and holds for every request', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = say(429, { 'retry-after': '3600' });
  const { clock, send, answered, outcomes } = senderTo(receiver.endpoint);
  send();
  await answered(1);
  assert.equal(clock.next, 30_000);
  receiver.answer = say(200);
  send();
  clock.pass(29_999);
  assert.equal(receiver.requests.length, 1);
  clock.pass(1);
  await answered(3);
  assert.deepEqual(
    outcomes.map(({ failures }) => failures),
    [{ rejected: 0 }, { rejected: 0 }],
  );
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  assert.equal(retryAfterOf('7', now), 7000);
  assert.equal(retryAfterOf(' 0 ', now), 0);
  assert.equal(retryAfterOf('Mon, 01 Jun 2026 12:00:20 GMT', now), 20_000);
  assert.equal(retryAfterOf('Mon, 01 Jun 2026 11:00:00 GMT', now), 0);
  assert.equal(retryAfterOf('soon', now), undefined);
  assert.equal(retryAfterOf(undefined, now), undefined);
});

test('after five failures in a row there is one probe every 5 s, in turn of each request that waits', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = say(503);
  const { clock, figures, news, send, answered, outcomes } = senderTo(receiver.endpoint);
  send();
  send();
  await answered(2);
  clock.pass(1000);
  await answered(4);
  assert.equal(figures.read().breaker, 'closed');
  clock.pass(1500);
  await answered(6);
  assert.equal(figures.read().breaker, 'open');
  assert.equal(figures.isClosed, false);
  assert.deepEqual(news, ['silent']);
  clock.pass(4999);
  assert.equal(receiver.requests.length, 6);
  for (let n = 7; n < 10; n++) {
    clock.pass(n === 7 ? 1 : 5000);
    assert.equal(figures.read().breaker, 'half_open');
    assert.equal(figures.read().inFlight, 1);
    await answered(n);
  }
  receiver.answer = say(200);
  clock.pass(5000);
  await answered(11);
  assert.deepEqual(figures.read().breaker, 'closed');
  assert.deepEqual(news, ['silent', 'answers']);
  assert.equal(outcomes.length, 2);
  assert.equal(figures.read().sending, 0);
});

test('a request is given up a minute after its first attempt, not because it waited for one', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = say(503);
  const { clock, figures, outcomes, send } = senderTo(receiver.endpoint);
  send();
  for (let n = 1; outcomes.length === 0; n++) {
    await until(() => figures.read().requests === n);
    if (outcomes.length === 0) clock.pass(clock.next!);
    assert.ok(n < 30);
  }
  assert.deepEqual(outcomes[0]!.failures, { gave_up: 10 });
  assert.match(outcomes[0]!.error, /503 Service Unavailable.* \(\d+ attempts\)/);
  assert.ok(clock.now() >= 61_000 && clock.now() < 67_000, `${clock.now()}`);
});

test('when there is not much time left, what waits is tried at once', async () => {
  await using receiver = await Receiver.start();
  receiver.answer = say(503, { 'retry-after': '20' });
  const { answered, outcomes, send, sender } = senderTo(receiver.endpoint);
  send();
  await answered(1);
  receiver.answer = say(200);
  sender.hurry();
  await answered(2);
  assert.equal(outcomes.length, 1);
});

test('the breaker counts failures in a row only, and an answer closes it', () => {
  const breaker = new Breaker({ failures: 3, probeAfter: 100 });
  assert.deepEqual(
    [breaker.failed(0), breaker.failed(0), breaker.succeeded(), breaker.failed(0)],
    [false, false, false, false],
  );
  assert.deepEqual([breaker.failed(0), breaker.failed(10), breaker.state, breaker.wait(60)], [false, true, 'open', 50]);
  // A request that was under way when it opened.
  assert.deepEqual([breaker.failed(50), breaker.wait(60), breaker.opened], [false, 50, 1]);
  assert.equal(breaker.wait(110), 0);
  breaker.sent();
  assert.deepEqual([breaker.state, breaker.wait(110)], ['half_open', Number.POSITIVE_INFINITY]);
  assert.deepEqual([breaker.failed(120), breaker.state, breaker.wait(120)], [false, 'open', 100]);
  breaker.probeNow();
  assert.equal(breaker.wait(120), 0);
  breaker.sent();
  assert.deepEqual([breaker.succeeded(), breaker.state, breaker.wait(121)], [true, 'closed', 0]);
});
