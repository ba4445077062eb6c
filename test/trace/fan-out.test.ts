/** Owns which EVENTs of a fan-out are told of one by one, and that their number has an end. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSpans } from '../../src/observers/spans/index.js';
import { Router } from '../../src/router.js';
import { Correlator } from '../../src/trace/correlator.js';
import { SLOW_QUEUE, TracedFanOut } from '../../src/trace/fan-out.js';
import type { MemoryPeer } from '../../src/transport/memory.js';
import { RandomIds } from '../../src/wire/ids.js';
import { session } from '../observers/spans/actions.js';
import { Receiver } from '../observers/spans/receiver.js';

const ids = new RandomIds(words => crypto.getRandomValues(words));

/** A fan-out to subscribers 1, 2, 3 … with so many octets before them; `dropped` where it is negative. */
function fanOutTo(queues: readonly number[]): TracedFanOut {
  const fanOut = new TracedFanOut(1, 2, 1000);
  for (const [i, queued] of queues.entries()) {
    fanOut.add(session(i + 1), 1000 + i, 10, Math.abs(queued), queued < 0, ids);
  }
  return fanOut;
}

function selected({ selected: chosen }: TracedFanOut): number[] {
  return (chosen ?? []).map(({ subscriber }) => subscriber.id).sort((a, b) => a - b);
}

test('when all went well nobody is told of by itself, and everything is counted', () => {
  const fanOut = fanOutTo(Array.from({ length: 1000 }, () => 100));
  assert.equal(fanOut.selected, undefined);
  assert.deepEqual([fanOut.delivered, fanOut.dropped, fanOut.bytes, fanOut.queuedMax], [1000, 0, 10_000, 100]);
  assert.equal(fanOut.endedAt, 1999);
});

test('those with the fullest send queues are told of, wherever they come', () => {
  const queues = Array.from({ length: 100 }, (_, i) => SLOW_QUEUE + ((i * 37) % 100));
  const fullest = queues.map((queued, i) => [queued, i + 1]).sort((a, b) => b[0]! - a[0]!);
  const expected = fullest.slice(0, 8).map(([, id]) => id!);
  assert.deepEqual(
    selected(fanOutTo(queues)),
    expected.sort((a, b) => a - b),
  );
});

test('those who were dropped go before those who are slow', () => {
  const slow = Array.from({ length: 20 }, (_, i) => SLOW_QUEUE * 10 + i);
  const fanOut = fanOutTo([...slow, -5, 0, -5, ...slow]);
  assert.equal(fanOut.selected!.length, 8);
  assert.deepEqual(
    fanOut.selected!.filter(({ dropped }) => dropped).map(({ subscriber }) => subscriber.id),
    [21, 23],
  );
  assert.deepEqual([fanOut.delivered, fanOut.dropped, fanOut.recipients], [41, 2, 43]);
});

test('of many who were dropped the first eight are told of', () => {
  const fanOut = fanOutTo(Array.from({ length: 10_000 }, () => -1));
  assert.deepEqual(selected(fanOut), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([fanOut.dropped, fanOut.bytes], [10_000, 0]);
});

const SUBSCRIBERS = 10_000;

/** Clients of a router in memory that speak JSON. */
class Crowd {
  readonly router: Router;
  readonly correlator: Correlator;

  constructor(sendQueueBytes: number) {
    const allow = { call: true, register: true, publish: true, subscribe: true };
    const disclose = { caller: false, publisher: false };
    const permissions = [{ uri: '', match: 'prefix' as const, allow, disclose }];
    const roles = [{ name: 'anonymous', permissions }];
    const rest = { uriCheck: 'loose', requestIds: 'strict', metaApi: false, onLeave: 'id', stats: undefined } as const;
    this.router = new Router({ realms: [{ name: 'realm1', roles, ...rest }], limits: { sendQueueBytes } });
    this.correlator = new Correlator({ random: this.router.ids });
    this.router.tap = this.correlator;
  }

  async join(): Promise<Client> {
    const client = new Client(this.router.connect('json', { auth: { anonymous: { role: 'anonymous' } } }));
    await client.ask([1, 'realm1', { roles: { publisher: {}, subscriber: {} } }]);
    return client;
  }

  async subscribe(n: number): Promise<Client[]> {
    const clients = await Promise.all(Array.from({ length: n }, () => this.join()));
    await Promise.all(clients.map(client => client.ask([32, 1, {}, 'com.news'])));
    return clients;
  }
}

class Client {
  readonly #peer: MemoryPeer;
  #waiter: ((message: unknown[]) => void) | undefined;
  events = 0;

  constructor(peer: MemoryPeer) {
    this.#peer = peer;
    peer.onMessage = bytes => {
      const message = JSON.parse(bytes.toString()) as unknown[];
      if (message[0] === 36) this.events++;
      else this.#waiter?.(message);
    };
  }

  send(message: unknown[]): void {
    this.#peer.send(Buffer.from(JSON.stringify(message)));
  }

  ask(message: unknown[]): Promise<unknown[]> {
    return new Promise(resolve => {
      this.#waiter = resolve;
      this.send(message);
    });
  }
}

for (const pipeline of ['rows', 'sdk'] as const) {
  test(`${pipeline}: ${SUBSCRIBERS} subscribers, some of whom do not read: at most 10 spans, and none is lost`, async () => {
    await using receiver = await Receiver.start();
    const spans = createSpans({ pipeline, endpoint: receiver.endpoint, env: {}, log: { warn: assert.fail } });
    const crowd = new Crowd(200_000);
    const subscribers = await crowd.subscribe(SUBSCRIBERS);
    const publisher = await crowd.join();
    crowd.correlator.add(spans);
    await publisher.ask([16, 1, { acknowledge: true }, 'com.news', ['all is well']]);
    // All in one turn, so that nobody reads between them: queues fill up, then EVENTs are dropped.
    for (let i = 2; i < 6; i++) publisher.send([16, i, {}, 'com.news', ['x'.repeat(90_000)]]);
    await publisher.ask([16, 6, { acknowledge: true }, 'com.news', ['the end']]);
    await spans.close();
    const { spans: ended, exported, dropped, failed } = spans.stats();
    assert.deepEqual([exported, dropped, failed], [ended, 0, 0]);
    const told = receiver.sorted();
    assert.equal(told.length, ended);
    const traces = groupBy(told);
    assert.equal(traces.size, 6);
    const sizes = [...traces.values()].map(trace => trace.length);
    assert.ok(Math.max(...sizes) === 10, `${sizes}`);
    assert.ok(sizes.filter(size => size === 2).length >= 1, 'and where all is well two are enough');
    let events = 0;
    for (const trace of traces.values()) {
      const deliver = trace.find(span => span.attributes.some(([key]) => key === 'wamp.event.delivered'))!;
      const told_ = new Map(deliver.attributes.map(([key, [, value]]) => [key, Number(value)]));
      events += told_.get('wamp.event.delivered')!;
      assert.equal(told_.get('wamp.event.delivered')! + told_.get('wamp.event.dropped')!, SUBSCRIBERS);
      const children = trace.filter(span => span.parentSpanId === deliver.spanId);
      assert.equal(children.length, trace.length - 2);
      const failed_ = children.filter(span => span.status === 2).length;
      assert.equal(failed_, Math.min(8, told_.get('wamp.event.dropped')!));
    }
    assert.equal(
      events,
      subscribers.reduce((sum, client) => sum + client.events, 0),
    );
  });
}

function groupBy<Span extends { traceId: string }>(spans: readonly Span[]): Map<string, Span[]> {
  const traces = new Map<string, Span[]>();
  for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
  return traces;
}
