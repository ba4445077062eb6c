/** Owns what is made of handshakes and of the ends of sessions: each told once, whatever happens to it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RealmOptions } from '../../src/realm/realm.js';
import { Router } from '../../src/router.js';
import type { AuthOptions } from '../../src/session/auth/authenticator.js';
import { Correlator } from '../../src/trace/correlator.js';
import type { TracedClosing, TracedOpening } from '../../src/trace/session.js';
import type { MemoryPeer } from '../../src/transport/memory.js';

const SECRET = 'open sesame';
const AUTH: AuthOptions = {
  anonymous: { role: 'anonymous' },
  ticket: { principals: new Map([['ali', { ticket: SECRET, role: 'anonymous' }]]) },
};
const ROLES = { caller: {} };

class Scene {
  readonly openings: TracedOpening[] = [];
  readonly closings: TracedClosing[] = [];
  readonly router: Router;
  readonly correlator: Correlator;
  #now = 1_700_000_000_000;

  constructor() {
    const rest = { uriCheck: 'loose', requestIds: 'strict', metaApi: false, onLeave: 'id', stats: undefined } as const;
    const realm: RealmOptions = { name: 'realm1', roles: [{ name: 'anonymous', permissions: [] }], ...rest };
    this.router = new Router({
      realms: [realm, { ...realm, name: 'private', traced: false }],
      clock: () => {
        this.#now += 1;
        return this.#now;
      },
    });
    this.correlator = new Correlator({ random: this.router.ids });
    this.correlator.add({
      onSessionOpen: opening => this.openings.push(opening),
      onSessionClose: closing => this.closings.push(closing),
    });
    this.router.tap = this.correlator;
  }

  /** Sends each message when the one before was answered, if it is answered. */
  async connect(...messages: unknown[][]): Promise<MemoryPeer> {
    const peer = this.router.connect('json', { auth: AUTH });
    for (const message of messages) {
      const answered = new Promise<void>(resolve => {
        peer.onMessage = () => resolve();
        peer.onClose = () => resolve();
      });
      peer.send(Buffer.from(JSON.stringify(message)));
      await answered;
    }
    return peer;
  }
}

/** The connection's end is heard of some microtasks later. */
const later = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

const told = ({ outcome, error, realm, reason }: TracedOpening) => ({ outcome, error, realm, reason });

test('HELLO and WELCOME are an opening, GOODBYE a closing that knows it', async () => {
  const scene = new Scene();
  await scene.connect([1, 'realm1', { roles: ROLES, agent: 'test/1' }], [6, {}, 'com.bye']);
  const [opening] = scene.openings;
  assert.deepEqual(told(opening!), { outcome: 'ok', error: '', realm: 'realm1', reason: '' });
  assert.equal(opening!.agent, 'test/1');
  assert.ok(opening!.session.id > 0 && opening!.startedAt < opening!.endedAt);
  assert.equal(opening!.challenge, undefined);
  const [closing] = scene.closings;
  assert.equal(closing!.opening, opening);
  assert.equal(closing!.reason, 'com.bye');
  assert.ok(opening!.endedAt < closing!.startedAt && closing!.startedAt < closing!.endedAt);
  assert.deepEqual([closing!.receivedMessages, closing!.sentMessages], [2, 2]);
  assert.deepEqual([scene.openings.length, scene.closings.length], [1, 1]);
});

test('a challenge that is met is told with its time, and no secret is kept', async () => {
  const scene = new Scene();
  await scene.connect([1, 'realm1', { roles: ROLES, authmethods: ['ticket'], authid: 'ali' }], [5, SECRET, {}]);
  const [opening] = scene.openings;
  assert.equal(opening!.outcome, 'ok');
  assert.equal(opening!.challenge!.method, 'ticket');
  assert.ok(opening!.startedAt < opening!.challenge!.startedAt && opening!.challenge!.startedAt < opening!.endedAt);
  assert.doesNotMatch(JSON.stringify(opening), new RegExp(SECRET));
});

/** [what, messages, URI of ABORT] */
const REFUSALS: readonly (readonly [string, unknown[][], string])[] = [
  ['a realm that is not there', [[1, 'nowhere', { roles: ROLES }]], 'wamp.error.no_such_realm'],
  [
    'a method that is not there',
    [[1, 'realm1', { roles: ROLES, authmethods: ['cryptosign'] }]],
    'wamp.error.no_matching_auth_method',
  ],
  [
    'a wrong ticket',
    [
      [1, 'realm1', { roles: ROLES, authmethods: ['ticket'], authid: 'ali' }],
      [5, 'wrong', {}],
    ],
    'wamp.error.authentication_denied',
  ],
  ['no roles', [[1, 'realm1', {}]], 'wamp.error.protocol_violation'],
  [
    'a second HELLO',
    [
      [1, 'realm1', { roles: ROLES, authmethods: ['ticket'], authid: 'ali' }],
      [1, 'realm1', { roles: ROLES }],
    ],
    'wamp.error.protocol_violation',
  ],
];

for (const [what, messages, uri] of REFUSALS) {
  test(`a handshake with ${what} is an opening that failed, and no closing`, async () => {
    const scene = new Scene();
    await scene.connect(...messages);
    await later();
    assert.deepEqual(scene.openings.map(told), [
      { outcome: 'error', error: uri, realm: messages[0]![1] as string, reason: '' },
    ]);
    assert.equal(scene.openings[0]!.session.id, 0);
    assert.deepEqual(scene.closings, []);
  });
}

test('a client that goes while it is challenged is told of once', async () => {
  const scene = new Scene();
  const peer = await scene.connect([1, 'realm1', { roles: ROLES, authmethods: ['ticket'], authid: 'ali' }]);
  peer.close();
  await later();
  assert.deepEqual(scene.openings.map(told), [
    { outcome: 'caller_gone', error: '', realm: 'realm1', reason: 'transport_lost' },
  ]);
  assert.deepEqual(scene.closings, []);
});

test('a connection that never says HELLO is nothing', async () => {
  const scene = new Scene();
  (await scene.connect()).close();
  await later();
  assert.deepEqual([scene.openings, scene.closings], [[], []]);
});

test('sessions of a realm that is not traced are not told of', async () => {
  const scene = new Scene();
  await scene.connect([1, 'private', { roles: ROLES }], [6, {}, 'com.bye']);
  assert.deepEqual([scene.openings, scene.closings], [[], []]);
});

test('a session that breaks the protocol ends with the URI of its ABORT', async () => {
  const scene = new Scene();
  await scene.connect([1, 'realm1', { roles: ROLES }], [48, 77, {}, 'com.p']);
  await later();
  const [closing, ...more] = scene.closings;
  assert.equal(more.length, 0);
  assert.equal(closing!.opening!.abort, 'wamp.error.protocol_violation');
  assert.equal(closing!.reason, 'wamp.error.protocol_violation');
});

test('the end of a session that was there before anybody watched has no beginning', async () => {
  const scene = new Scene();
  scene.router.tap = undefined;
  const peer = await scene.connect([1, 'realm1', { roles: ROLES }]);
  scene.router.tap = scene.correlator;
  peer.close();
  await later();
  assert.deepEqual(scene.openings, []);
  const [closing] = scene.closings;
  assert.equal(closing!.opening, undefined);
  assert.deepEqual([closing!.reason, closing!.receivedMessages], ['transport_lost', 1]);
});

test('sessions that follow each other on one connection are told of one by one', async () => {
  const scene = new Scene();
  const hello = [1, 'realm1', { roles: ROLES }];
  await scene.connect(hello, [6, {}, 'com.first'], hello, [6, {}, 'com.second']);
  assert.deepEqual(
    scene.closings.map(({ reason, opening }) => [reason, scene.openings.indexOf(opening!)]),
    [
      ['com.first', 0],
      ['com.second', 1],
    ],
  );
});
