/** Owns the behaviour of sessions: HELLO, WELCOME, GOODBYE both ways, ABORT, one session after another on a connection. */

import assert from 'node:assert/strict';
import { ROLES } from '../../src/realm/features.js';
import { CLIENT_ROLES, MAX_ID } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

export const welcome: Scenario = {
  name: 'WELCOME tells who the session is and what the router can do',
  feature: 'basic.session',
  async passes(world) {
    const client = await world.join();
    assert.deepEqual(client.details, {
      roles: JSON.parse(JSON.stringify(ROLES)),
      realm: 'realm1',
      authid: client.details.authid,
      authrole: 'user',
      authmethod: 'anonymous',
      authprovider: 'static',
    });
    assert.match(client.details.authid as string, /^([3-9A-Y]{4}-){5}[3-9A-Y]{4}$/);
    assert.ok(Number.isInteger(client.session) && client.session >= 1 && client.session <= MAX_ID);
    assert.equal(world.realm.sessions.get(client.session)?.identity.transport, TRANSPORTS[world.link.kind]);
  },
  async fails(world) {
    const client = await world.dial();
    client.sendHello('not a realm');
    await client.aborted('wamp.error.invalid_uri');
    assert.equal(world.realm.sessions.size, 0);
  },
};

const TRANSPORTS = { memory: 'memory', ws: 'websocket', rawsocket: 'rawsocket' };

export const realms: Scenario = {
  name: 'a realm that exists is joined, any other is refused by name',
  feature: 'basic.session',
  world: { realms: ['com.example.second'] },
  async passes(world) {
    const first = await world.join();
    const second = await world.join({ realm: 'com.example.second' });
    assert.equal(second.details.realm, 'com.example.second');
    // Realms are worlds of their own: the same topic in one is not the topic in the other.
    await first.subscribe('com.x.topic');
    await second.publish('com.x.topic', ['hidden']);
    await first.receivesNothing();
    assert.equal(await second.value('wamp.session.count'), 1);
  },
  async fails(world) {
    const client = await world.dial();
    client.sendHello('com.example.third');
    assert.match(await client.aborted('wamp.error.no_such_realm'), /com\.example\.third/);
  },
};

export const clientGoodbye: Scenario = {
  name: 'GOODBYE of a client is answered, and the connection takes another HELLO',
  feature: 'basic.session',
  async passes(world) {
    const client = await world.join();
    const first = client.session;
    await client.subscribe('com.x.topic');
    await client.register('com.x.procedure');
    await client.leave();
    const other = await world.join();
    // Everything of the first session went with it.
    await other.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
    await client.hello('realm1');
    assert.notEqual(client.session, first);
    await other.publish('com.x.topic');
    // Its request ids begin with 1 again: this one is.
    await client.receivesNothing();
    await client.leave();
    await client.hello('realm1', { authid: 'carol', authmethods: ['ticket'] });
    assert.equal(client.details.authrole, 'guest');
  },
  async fails(world) {
    const client = await world.join();
    await client.leave();
    client.request(32, {}, 'com.x.topic');
    await client.aborted('wamp.error.protocol_violation');
  },
};

export const routerGoodbye: Scenario = {
  name: 'after GOODBYE of the router nothing but the answer counts, then the connection ends',
  feature: 'basic.session',
  async passes(world) {
    const client = await world.join();
    const other = await world.join();
    const subscription = await client.subscribe('com.x.topic');
    world.realm.sessions.get(client.session)!.goodbye('com.example.tired', 'good night');
    await client.receives([6, { message: 'good night' }, 'com.example.tired']);
    // None of these is answered, legal or not.
    client.request(32, {}, 'com.x.other');
    client.send([50, 1, {}]);
    await other.publish('com.x.topic');
    client.request(34, subscription);
    client.send([6, {}, 'wamp.close.goodbye_and_out']);
    await client.ended();
    await assert.rejects(client.next('something after GOODBYE'), /the connection closed/);
  },
  async fails(world) {
    const client = await world.join();
    // Crossing GOODBYEs: each takes the other's for the answer, and none is answered.
    client.send([6, {}, 'wamp.close.close_realm']);
    world.realm.sessions.get(client.session)!.goodbye('wamp.close.killed', undefined);
    await client.receives([6, {}, 'wamp.close.killed']);
    await client.ended();
    await assert.rejects(client.next('a second GOODBYE'), /the connection closed/);
  },
};

export const shutdown: Scenario = {
  name: 'a router that closes says GOODBYE to all sessions',
  feature: 'basic.session',
  async passes(world) {
    const clients = [await world.join(), await world.join({ authid: 'carol' })];
    const closed = world.router.close(1000);
    for (const client of clients) {
      await client.receives([6, { message: ANY_TEXT }, 'wamp.close.system_shutdown']);
      client.send([6, {}, 'wamp.close.goodbye_and_out']);
      await client.ended();
    }
    await closed;
    assert.equal(world.router.connections, 0);
  },
  async fails(world) {
    // One that does not answer is disconnected all the same, and one without a session is told nothing.
    const silent = await world.join();
    const early = await world.dial();
    await world.until(() => world.router.connections === 2, 'both connections');
    const closed = world.router.close(100);
    await silent.receives([6, { message: ANY_TEXT }, 'wamp.close.system_shutdown']);
    await Promise.all([closed, silent.ended(), early.ended()]);
    await assert.rejects(early.next('a GOODBYE without a session'), /the connection closed/);
  },
};

const ANY_TEXT = 'the router is shutting down';

export const clientAbort: Scenario = {
  name: 'ABORT of a client ends its session and is never answered',
  feature: 'basic.session',
  async passes(world) {
    const client = await world.join();
    const other = await world.join();
    await client.register('com.x.procedure');
    client.send([3, { message: 'I have had enough' }, 'com.example.enough']);
    await client.ended();
    await assert.rejects(client.next('an answer to ABORT'), /the connection closed/);
    await world.until(() => world.realm.sessions.size === 1, 'the end of the session');
    await other.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
  },
  async fails(world) {
    // ABORT may carry a payload, and may come before there is a session.
    const client = await world.dial();
    client.send([3, {}, 'com.example.enough', [1], { two: 2 }]);
    await client.ended();
    await assert.rejects(client.next('an answer to ABORT'), /the connection closed/);
    // A close frame of WebSocket has room for 123 octets of reason.
    for (const reason of ['ü'.repeat(200), `x${'🙈'.repeat(100)}`, 'x'.repeat(5000)]) {
      const wordy = await world.join();
      wordy.send([3, {}, reason]);
      await wordy.ended();
    }
  },
};

export const hello: Scenario = {
  name: 'HELLO needs a dict of roles, whose unknown entries are ignored',
  feature: 'basic.session',
  async passes(world) {
    const roles = { ...CLIENT_ROLES, juggler: { features: { five_balls: true } }, publisher: {} };
    const client = await world.dial();
    await client.hello('realm1', { roles, agent: 'test', _custom: [1], authextra: { x: 1 } });
    await client.receivesNothing();
  },
  async fails(world) {
    for (const roles of [undefined, null, [], 'callee', 1, {}, { router: {} }]) {
      const client = await world.dial();
      client.send([1, 'realm1', roles === undefined ? {} : { roles }]);
      await client.aborted('wamp.error.protocol_violation');
    }
  },
};

export const afterwards: Scenario = {
  name: 'a session that is leaving gets nothing after GOODBYE',
  feature: 'basic.session',
  async passes(world) {
    const client = await world.join();
    await client.subscribe('wamp.', { match: 'prefix' });
    await client.register('com.x.procedure');
    // Registering was told as on_create and on_register.
    await client.receivesMeta('wamp.registration.on_create');
    await client.receivesMeta('wamp.registration.on_register');
    await client.leave();
    // Its registration ends, which concerns it no more.
    await client.hello('realm1');
    await client.receivesNothing();
  },
  async fails(world) {
    const client = await world.join();
    await client.subscribe('wamp.', { match: 'prefix' });
    await client.register('com.x.procedure');
    await client.receivesMeta('wamp.registration.on_create');
    await client.receivesMeta('wamp.registration.on_register');
    client.send([50, 1, {}]);
    await client.aborted('wamp.error.protocol_violation');
  },
};
