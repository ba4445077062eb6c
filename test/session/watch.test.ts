/** Proves when messages share a reading of the clock, how far off that is, and what becomes of EVENTs told of together. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watch } from '../../src/session/watch.js';
import type { CallTap, Cause, Frame, SessionRef, Tap } from '../../src/tap.js';
import { Code } from '../../src/wire/codes.js';
import type { Message } from '../../src/wire/message.js';
import { JsonSerializer } from '../../src/wire/serializers/json.js';
import { session } from '../observers/spans/actions.js';

const json = new JsonSerializer();
const one = session(1);

function message(...parts: unknown[]): Message {
  return json.decode(Buffer.from(JSON.stringify(parts)));
}

function cause(exact: boolean): Cause {
  return { correlation: 'c', exact, details: () => undefined };
}

interface Seen {
  readonly seq: number;
  readonly at: number;
  readonly code: number;
  readonly session: SessionRef;
  readonly about: Cause | undefined;
  readonly answeredAt: number;
}

class Scene implements Tap, CallTap {
  readonly seen: Seen[] = [];
  readonly bulks: [count: number, octets: number, queued: number][] = [];
  readonly handled: number[] = [];
  bulkBelow = 0;
  /** Whether it looks at calls in place of their frames. */
  looksAtCalls = false;
  /** Asks for the time at the end of each request, which few need. */
  asks = true;
  readings = 0;
  readonly watch = new Watch(() => ++this.readings);

  constructor() {
    this.watch.tap = this;
  }

  get calls(): CallTap | undefined {
    return this.looksAtCalls ? this : undefined;
  }

  onFrame({ seq, at, message: { code }, session: who, cause: about }: Frame): Cause {
    this.seen.push({ seq, at, code, session: who, about, answeredAt: 0 });
    return CAUSE;
  }

  onCall(who: SessionRef, { code }: Message, octets: number, seq: number, at: number): Cause {
    assert.equal(octets, 30);
    this.seen.push({ seq, at, code, session: who, about: undefined, answeredAt: 0 });
    return CAUSE;
  }

  onInvocation(about: Cause, who: SessionRef, { code }: Message, _queued: number, seq: number, at: number): void {
    this.seen.push({ seq, at, code, session: who, about, answeredAt: 0 });
  }

  onAnswer(about: Cause, answeredAt: number, seq: number, at: number): void {
    this.seen.push({ seq, at, code: Code.RESULT, session: one, about, answeredAt });
  }

  onBulk(_: Cause, ...bulk: [number, number, number]): void {
    this.bulks.push(bulk);
  }

  onHandled(_: Cause, clock: () => number): void {
    if (this.asks) this.handled.push(clock());
  }

  onRefused(): void {}
  onSession(): void {}

  receive(m: Message, turn: number): void {
    this.watch.received(this, one, m, 30, undefined, turn);
  }

  send(m: Message, turn: number, because: Cause = CAUSE, queued = 0, to: SessionRef = one, dropped = false): void {
    if (dropped || m.code === Code.EVENT) this.watch.shared(this, to, m, 20, because, dropped, queued, turn);
    else this.watch.sent(this, to, m, 20, because, queued, turn);
  }
}

const CAUSE = cause(false);
const CALL = message(Code.CALL, 1, {}, 'com.example.p');
const INVOCATION = message(Code.INVOCATION, 1, 1, {});
const EVENT = message(Code.EVENT, 1, 1, {});
const YIELD = message(Code.YIELD, 1, {});
const RESULT = message(Code.RESULT, 1, {});

/** What was shown or told of: type, number, of a RESULT the reading of its YIELD, and whether it is known what it is about. */
function shown(scene: Scene): unknown[] {
  return scene.seen.map(({ code, seq, answeredAt, about }) => [code, seq, answeredAt, about !== undefined]);
}

test('what a turn brings alone has a reading of its own', () => {
  const scene = new Scene();
  for (let turn = 1; turn <= 20; turn++) scene.receive(CALL, turn);
  assert.equal(scene.readings, 20);
  assert.deepEqual(
    scene.seen.map(({ at }) => at),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test('a transport without turns never shares', () => {
  const scene = new Scene();
  for (let i = 0; i < 5; i++) scene.receive(CALL, 0);
  for (let i = 0; i < 5; i++) scene.send({ ...INVOCATION }, 0);
  assert.equal(new Set(scene.seen.map(({ at }) => at)).size, 10);
});

test('in one turn eight messages share a reading, and 64 EVENTs of one fan-out', () => {
  const scene = new Scene();
  scene.receive(CALL, 1);
  for (let i = 0; i < 64; i++) scene.send({ ...INVOCATION }, 1);
  assert.ok(scene.readings > 6 && scene.readings < 10, `${scene.readings} readings of 64 messages`);
  const { readings } = scene;
  for (let i = 0; i < 6400; i++) scene.send(EVENT, 1);
  assert.ok(scene.readings - readings > 90 && scene.readings - readings < 105, `${scene.readings} of 6400 EVENTs`);
  assert.ok(scene.seen.every(({ at }, i) => i === 0 || at >= scene.seen[i - 1]!.at));
});

test('an INVOCATION is dated exactly when its cause asks for it, and nothing else is for that', () => {
  const scene = new Scene();
  scene.receive(CALL, 1);
  for (let i = 0; i < 6; i++) scene.send({ ...INVOCATION }, 1, cause(true));
  assert.deepEqual(
    scene.seen.map(({ at }) => at),
    [1, 2, 3, 4, 5, 6, 7],
  );
  scene.send(message(Code.RESULT, 1, {}), 1, cause(true));
  assert.equal(scene.readings, 7);
});

test('when a request is handled the clock is read for it, and what comes next in the turn begins then', () => {
  const scene = new Scene();
  scene.receive(CALL, 1);
  scene.watch.handled(scene, CAUSE);
  scene.receive(CALL, 1);
  assert.deepEqual([scene.handled, scene.seen.map(({ at }) => at)], [[2], [1, 2]]);
});

test('requests that need nothing share a reading, sixteen at most', () => {
  const scene = new Scene();
  scene.asks = false;
  for (let i = 0; i < 1600; i++) {
    scene.receive(CALL, 1);
    scene.watch.handled(scene, CAUSE);
  }
  const shared = new Map<number, number>();
  for (const { at } of scene.seen) shared.set(at, (shared.get(at) ?? 0) + 1);
  assert.ok(Math.max(...shared.values()) <= 17, `${Math.max(...shared.values())} with one reading`);
  assert.ok(scene.readings < 110, `${scene.readings} readings`);
});

test('EVENTs told of together: the first and what waits are shown, numbers go on as if all were', () => {
  const scene = new Scene();
  scene.bulkBelow = 100;
  const sessions = Array.from({ length: 10 }, (_, i) => session(i + 1));
  scene.receive(message(Code.PUBLISH, 1, {}, 'com.example.t'), 1);
  for (const [i, to] of sessions.entries()) scene.send(EVENT, 1, CAUSE, i === 6 ? 100 : i, to);
  scene.watch.handled(scene, CAUSE);
  assert.deepEqual(
    scene.seen.map(({ seq, code, session: who }) => [seq, code, who.id]),
    [
      [1, Code.PUBLISH, 1],
      [2, Code.EVENT, 1],
      [8, Code.EVENT, 7],
    ],
  );
  assert.deepEqual(scene.bulks, [
    [5, 100, 5],
    [3, 60, 9],
  ]);
  scene.receive(CALL, 1);
  assert.equal(scene.seen.at(-1)!.seq, 12);
});

test('of EVENTs told of together, one that is dropped is shown, and so is the next message', () => {
  const scene = new Scene();
  scene.bulkBelow = 100;
  const again = { ...EVENT };
  for (const m of [EVENT, EVENT, again, again]) scene.send(m, 1);
  scene.send(again, 1, CAUSE, 0, one, true);
  scene.watch.handled(scene, CAUSE);
  assert.deepEqual(
    scene.seen.map(({ seq }) => seq),
    [1, 3, 5],
  );
  assert.deepEqual(
    scene.bulks.map(([count]) => count),
    [1, 1],
  );
});

test('a YIELD whose RESULT follows is not shown by who looks at calls, who is told when it came', () => {
  const scene = new Scene();
  scene.looksAtCalls = true;
  scene.receive(YIELD, 0);
  scene.send({ ...RESULT }, 0);
  scene.watch.handled(scene, undefined);
  scene.send({ ...RESULT }, 0);
  assert.deepEqual(shown(scene), [
    [Code.RESULT, 2, 1, true],
    [Code.RESULT, 3, 0, true],
  ]);
  assert.deepEqual(scene.handled, []);
});

test('a YIELD that leads to no RESULT is shown, before whatever comes next', () => {
  const lone = { looksAtCalls: true };
  for (const [what, next, expected] of [
    ['nothing', scene => scene.watch.handled(scene, undefined), []],
    ['an ERROR', scene => scene.send(message(Code.ERROR, Code.CALL, 1, {}, 'com.e'), 0), [[Code.ERROR, 2, 0, true]]],
    ['another message', scene => scene.receive(CALL, 0), [[Code.CALL, 2, 0, false]]],
    ['the end of the session', scene => scene.watch.left(one, '', [], 0, undefined!), []],
    ['another session', scene => scene.watch.joined(one), []],
  ] as [string, (scene: Scene) => void, unknown[]][]) {
    const scene = Object.assign(new Scene(), lone);
    scene.receive(YIELD, 0);
    assert.deepEqual(shown(scene), [], what);
    next(scene);
    // Only who answers it knows which call it is about.
    assert.deepEqual(shown(scene), [[Code.YIELD, 1, 0, what === 'an ERROR'], ...expected], what);
    // What it leads to comes before the word that it has been handled.
    assert.equal(scene.handled.length, what === 'nothing' ? 1 : 0, what);
    scene.watch.handled(scene, undefined);
    scene.watch.handled(scene, undefined);
    assert.equal(scene.handled.length, 1, what);
    scene.send({ ...RESULT }, 0);
    assert.equal(scene.seen.at(-1)!.answeredAt, 0, what);
  }
});

test('a YIELD that says more than its payload is shown by itself, and so are all where nobody looks at calls', () => {
  const scene = new Scene();
  scene.receive(YIELD, 0);
  scene.send({ ...RESULT }, 0);
  scene.looksAtCalls = true;
  scene.receive(message(Code.YIELD, 1, { progress: true }), 0);
  scene.send({ ...RESULT }, 0);
  assert.deepEqual(
    scene.seen.map(({ code, answeredAt }) => [code, answeredAt]),
    [
      [Code.YIELD, 0],
      [Code.RESULT, 0],
      [Code.YIELD, 0],
      [Code.RESULT, 0],
    ],
  );
});

test('of each YIELD that is shown late it is said that it has been handled, whatever happens in between', () => {
  const scene = new Scene();
  scene.looksAtCalls = true;
  scene.receive(YIELD, 0);
  // A session of the router's own answers before the first one has been handled.
  scene.receive({ ...YIELD }, 0);
  scene.send(message(Code.ERROR, Code.CALL, 1, {}, 'com.e'), 0);
  for (let i = 0; i < 3; i++) scene.watch.handled(scene, undefined);
  assert.deepEqual(
    scene.seen.map(({ code }) => code),
    [Code.YIELD, Code.YIELD, Code.ERROR],
  );
  assert.equal(scene.handled.length, 2);
});

test('calls are told of, dated as frames are, and numbered among them', () => {
  const play = (looksAtCalls: boolean) => {
    const scene = Object.assign(new Scene(), { looksAtCalls });
    for (let turn = 0; turn < 4; turn++) {
      for (let i = 0; i < 20; i++) {
        scene.receive({ ...CALL }, turn);
        scene.send({ ...INVOCATION }, turn, cause(i % 3 === 0));
        if (i % 7 === 0) scene.send({ ...EVENT }, turn);
        scene.watch.handled(scene, CAUSE);
      }
    }
    return scene.seen.map(({ seq, at, code, about }) => [seq, at, code, about?.exact]);
  };
  assert.deepEqual(play(true), play(false));
});

test('an INVOCATION that the send queue refused, or that nobody has asked for, is shown as a frame', () => {
  const scene = Object.assign(new Scene(), { looksAtCalls: true });
  scene.onInvocation = () => assert.fail('told of');
  scene.send({ ...INVOCATION }, 0, CAUSE, 0, one, true);
  scene.watch.sent(scene, one, { ...INVOCATION }, 20, undefined, 0, 0);
  assert.deepEqual(shown(scene), [
    [Code.INVOCATION, 1, 0, true],
    [Code.INVOCATION, 2, 0, false],
  ]);
});
