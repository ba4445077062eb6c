/** Owns the behaviour of authentication: anonymous, ticket, the choice of a method, roles that a realm lacks. */

import assert from 'node:assert/strict';
import type { Scenario } from '../helpers/scenario.js';
import { AUTH, type World } from '../helpers/world.js';

const TICKET_ONLY = { ticket: AUTH.ticket };

export const anonymous: Scenario = {
  name: 'who names no method is anonymous, if the transport lets anybody in',
  feature: 'basic.authentication',
  async passes(world) {
    for (const authmethods of [undefined, null, [], ['anonymous'], ['wampcra', 'anonymous']]) {
      const client = await world.dial();
      await client.hello('realm1', authmethods === undefined ? {} : { authmethods });
      assert.equal(client.details.authmethod, 'anonymous');
      // An anonymous session does not choose its name.
      assert.notEqual(client.details.authid, 'alice');
    }
  },
  async fails(world) {
    for (const authmethods of ['anonymous', [1], {}, [null]]) {
      const client = await world.dial();
      client.sendHello('realm1', { authmethods });
      await client.aborted('wamp.error.protocol_violation');
    }
  },
};

export const fixedAuthid: Scenario = {
  name: 'anonymous sessions share a configured authid, or each get a fresh one',
  feature: 'basic.authentication',
  world: { auth: { anonymous: { role: 'guest', authid: 'nobody' }, ticket: AUTH.ticket } },
  async passes(world) {
    for (const client of [await world.join(), await world.join()]) {
      assert.equal(client.details.authid, 'nobody');
      assert.equal(client.details.authrole, 'guest');
    }
  },
  async fails(world) {
    // The configured authid belongs to the anonymous, not to everybody.
    const client = await world.join({ authid: 'alice' });
    assert.equal(client.details.authid, 'alice');
  },
};

export const ticket: Scenario = {
  name: 'the right ticket lets a principal in, with the role that the configuration gives it',
  feature: 'basic.authentication',
  async passes(world) {
    const client = await world.join({ authid: 'carol' });
    const { authid, authrole, authmethod, authprovider } = client.details;
    assert.deepEqual(
      { authid, authrole, authmethod, authprovider },
      { authid: 'carol', authrole: 'guest', authmethod: 'ticket', authprovider: 'static' },
    );
  },
  async fails(world) {
    const wrong = await denial(world, { authid: 'carol' }, 'alice-secret');
    // Who asks must not learn from the answer which names exist.
    assert.equal(await denial(world, { authid: 'nobody' }, 'carol-secret'), wrong);
    assert.equal(await denial(world, { authid: 'nobody' }, ''), wrong);
    assert.equal(await denial(world, {}, 'carol-secret'), wrong);
    assert.equal(await denial(world, { authid: 'toString' }, ''), wrong);
    assert.doesNotMatch(wrong, /secret/);
    for (const authid of [1, {}, ['alice'], { toString: 1, valueOf: 1 }]) {
      const client = await world.dial();
      client.sendHello('realm1', { authid, authmethods: ['ticket'] });
      await client.aborted('wamp.error.protocol_violation');
    }
  },
};

async function denial(world: World, who: { authid?: string }, signature: string): Promise<string> {
  const client = await world.dial();
  client.sendHello('realm1', { ...who, authmethods: ['ticket'] });
  await client.receives([4, 'ticket', {}]);
  client.send([5, signature, {}]);
  return client.aborted('wamp.error.authentication_denied');
}

export const methods: Scenario = {
  name: 'the first method of the client that the transport offers is taken',
  feature: 'basic.authentication',
  async passes(world) {
    const first = await world.dial();
    await first.hello('realm1', { authmethods: ['anonymous', 'ticket'], authid: 'alice' });
    assert.equal(first.details.authmethod, 'anonymous');
    const second = await world.dial();
    second.sendHello('realm1', { authmethods: ['wampcra', 'ticket', 'anonymous'], authid: 'alice' });
    await second.receives([4, 'ticket', {}]);
    second.send([5, 'alice-secret', {}]);
    await second.welcomed();
    assert.equal(second.details.authid, 'alice');
  },
  async fails(world) {
    const client = await world.dial();
    client.sendHello('realm1', { authmethods: ['wampcra', 'cryptosign'], authid: 'alice' });
    assert.match(await client.aborted('wamp.error.no_matching_auth_method'), /wampcra, cryptosign.*anonymous, ticket/);
  },
};

export const noAnonymous: Scenario = {
  name: 'a transport without anonymous sessions admits none',
  feature: 'basic.authentication',
  world: { auth: TICKET_ONLY },
  async passes(world) {
    const client = await world.join({ authid: 'alice' });
    await client.receivesNothing();
  },
  async fails(world) {
    const client = await world.dial();
    client.sendHello('realm1');
    await client.aborted('wamp.error.no_matching_auth_method');
  },
};

export const roles: Scenario = {
  name: 'a principal joins only a realm that has its role',
  feature: 'basic.authentication',
  async passes(world) {
    const client = await world.join({ authid: 'root' });
    assert.equal(client.details.authrole, 'admin');
  },
  async fails(world) {
    const client = await world.dial();
    client.sendHello('realm1', { authid: 'ghost', authmethods: ['ticket'] });
    await client.receives([4, 'ticket', {}]);
    client.send([5, 'ghost-secret', {}]);
    assert.match(await client.aborted('wamp.error.no_such_role'), /nowhere/);
  },
};

export const challenge: Scenario = {
  name: 'while a CHALLENGE is pending only AUTHENTICATE or ABORT may come',
  feature: 'basic.authentication',
  async passes(world) {
    const client = await world.dial();
    client.sendHello('realm1', { authid: 'alice', authmethods: ['ticket'] });
    await client.receives([4, 'ticket', {}]);
    client.send([3, {}, 'com.example.changed_my_mind']);
    await client.ended();
  },
  async fails(world) {
    const client = await world.dial();
    // Without CHALLENGE there is nothing to answer.
    client.send([5, 'alice-secret', {}]);
    await client.aborted('wamp.error.protocol_violation');
    const second = await world.dial();
    second.sendHello('realm1', { authid: 'alice', authmethods: ['ticket'] });
    await second.receives([4, 'ticket', {}]);
    second.sendHello('realm1');
    await second.aborted('wamp.error.protocol_violation');
  },
};
