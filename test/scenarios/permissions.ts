/** Owns the behaviour of static permissions: what a role may do with which URIs. */

import type { Permission } from '../../src/realm/authorizer.js';
import { ANY } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { WorldOptions } from '../helpers/world.js';

const NOT_AUTHORIZED = 'wamp.error.not_authorized';

/** `grants`: a pattern (ending in `*` for a prefix) and the initials of the actions that it allows. */
function roles(user: Record<string, string>): WorldOptions {
  const permissions = Object.entries(user).map(([pattern, actions]): Permission => {
    const prefix = pattern.endsWith('*');
    return {
      uri: prefix ? pattern.slice(0, -1) : pattern,
      match: prefix ? 'prefix' : 'exact',
      allow: {
        call: actions.includes('c'),
        register: actions.includes('r'),
        publish: actions.includes('p'),
        subscribe: actions.includes('s'),
      },
      disclose: { caller: false, publisher: false },
    };
  });
  const all = { call: true, register: true, publish: true, subscribe: true };
  const disclose = { caller: false, publisher: false };
  return {
    realm: {
      roles: [
        { name: 'user', permissions },
        { name: 'guest', permissions: [{ uri: '', match: 'prefix', allow: all, disclose }] },
        { name: 'admin', permissions: [] },
      ],
    },
  };
}

export const actions: Scenario = {
  name: 'each action needs its own permission',
  feature: 'basic.permissions',
  world: roles({ 'com.c': 'c', 'com.r': 'r', 'com.p': 'p', 'com.s': 's' }),
  async passes(world) {
    const [user, other] = [await world.join(), await world.join({ authid: 'carol' })];
    await other.register('com.c');
    const subscription = await other.subscribe('com.p');
    const request = user.request(48, {}, 'com.c');
    await other.receives([68, 1, ANY, {}]);
    other.send([70, 1, {}]);
    await user.receives([50, request, {}]);
    await user.register('com.r');
    await other.receives([36, subscription, await user.publish('com.p'), {}]);
    await user.subscribe('com.s');
  },
  async fails(world) {
    const [user, other] = [await world.join(), await world.join({ authid: 'carol' })];
    for (const uri of ['com.c', 'com.r', 'com.p', 'com.s']) await other.subscribe(uri);
    for (const uri of ['com.r', 'com.p', 'com.s', 'com.x']) await user.refused(NOT_AUTHORIZED, 48, {}, uri);
    for (const uri of ['com.c', 'com.p', 'com.s', 'com.x']) await user.refused(NOT_AUTHORIZED, 64, {}, uri);
    for (const uri of ['com.c', 'com.r', 'com.p', 'com.x']) await user.refused(NOT_AUTHORIZED, 32, {}, uri);
    for (const uri of ['com.c', 'com.r', 'com.s', 'com.x']) {
      await user.refused(NOT_AUTHORIZED, 16, { acknowledge: true }, uri);
      // Silently without acknowledge, but no less.
      user.request(16, {}, uri);
    }
    await user.receivesNothing();
    await other.receivesNothing();
  },
};

export const longest: Scenario = {
  name: 'exact goes before prefix, and the longest prefix before shorter ones',
  feature: 'basic.permissions',
  world: roles({ 'com.*': 's', 'com.secret.*': '', 'com.secret.open': 's', 'com.secret.open.deep.*': 's', net: 's' }),
  async passes(world) {
    const user = await world.join();
    for (const uri of ['com.x', 'com.secretary', 'com.secret.open', 'com.secret.open.deep.x', 'net']) {
      await user.subscribe(uri);
    }
  },
  async fails(world) {
    const user = await world.join();
    for (const uri of ['com.secret.x', 'com.secret.open.x', 'com.secret.opening', 'org', 'net.x', 'com']) {
      await user.refused(NOT_AUTHORIZED, 32, {}, uri);
    }
  },
};

export const patterns: Scenario = {
  name: 'a prefix is granted only where every URI that it reaches is',
  feature: 'basic.permissions',
  world: roles({ 'com.*': 'sr', 'com.secret.*': '', 'com.x.hidden': 'r', 'com.x.fixed': 's' }),
  async passes(world) {
    const user = await world.join();
    for (const uri of ['com.public.', 'com.y', 'com.x.o']) {
      await user.subscribe(uri, { match: 'prefix' });
      await user.register(uri, { match: 'prefix' });
    }
    await user.register('com.x.h', { match: 'prefix' });
    await user.subscribe('com.x.f', { match: 'prefix' });
  },
  async fails(world) {
    const user = await world.join();
    for (const uri of ['', 'c', 'com.', 'com.s', 'com.secret.', 'com.secret.deep', 'com.x.', 'org.']) {
      await user.refused(NOT_AUTHORIZED, 32, { match: 'prefix' }, uri);
      await user.refused(NOT_AUTHORIZED, 64, { match: 'prefix' }, uri);
    }
    await user.refused(NOT_AUTHORIZED, 64, { match: 'prefix' }, 'com.x.f');
    await user.refused(NOT_AUTHORIZED, 32, { match: 'prefix' }, 'com.x.h');
  },
};

export const nothing: Scenario = {
  name: 'a role without permissions may do nothing, not even ask the meta API',
  feature: 'basic.permissions',
  world: roles({ '*': 'crps' }),
  async passes(world) {
    const user = await world.join();
    await user.value('wamp.session.count');
    await user.subscribe('wamp.session.on_join');
  },
  async fails(world) {
    const nobody = await world.join({ authid: 'root' });
    await nobody.refused(NOT_AUTHORIZED, 48, {}, 'wamp.session.count');
    await nobody.refused(NOT_AUTHORIZED, 32, {}, 'wamp.session.on_join');
    await nobody.refused(NOT_AUTHORIZED, 32, { match: 'prefix' }, '');
    await nobody.refused(NOT_AUTHORIZED, 64, {}, 'com.x');
    await nobody.refused(NOT_AUTHORIZED, 16, { acknowledge: true }, 'com.x');
  },
};
