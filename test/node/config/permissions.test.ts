import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoleConfig } from '../../../src/node/config/schema.js';
import { load, plainNode, steps, withAt } from './helpers.js';

const NOTHING = { call: false, register: false, publish: false, subscribe: false };
const ALL = { call: true, register: true, publish: true, subscribe: true };
const HIDDEN = { caller: false, publisher: false };

function roleOf(written: object): RoleConfig {
  const node = withAt(plainNode(), steps('workers[0].realms[0].roles[1]'), { name: 'role', ...written });
  return load(node).config.workers[0]!.realms[0]!.roles[1]!;
}

test('without "match", stars decide as in Crossbar.io', () => {
  const rows: [uri: string, expected: [string, string]][] = [
    ['com.example.add', ['com.example.add', 'exact']],
    ['com.example.*', ['com.example.', 'prefix']],
    ['com.exam*', ['com.exam', 'prefix']],
    ['*', ['', 'prefix']],
  ];
  for (const [written, expected] of rows) {
    const [permission] = roleOf({ permissions: [{ uri: written }] }).permissions;
    assert.deepEqual([permission!.uri, permission!.match], expected);
  }
});

test('with "match", the URI is taken as it is', () => {
  const [prefix, exact] = roleOf({
    permissions: [
      { uri: 'com.example', match: 'prefix' },
      { uri: 'com.example', match: 'exact' },
    ],
  }).permissions;
  assert.deepEqual([prefix!.uri, prefix!.match], ['com.example', 'prefix']);
  assert.deepEqual([exact!.uri, exact!.match], ['com.example', 'exact']);
});

test('what is not allowed is not allowed', () => {
  assert.deepEqual(roleOf({ permissions: [{ uri: 'com.example.add', allow: { call: true } }] }).permissions, [
    { uri: 'com.example.add', match: 'exact', allow: { ...NOTHING, call: true }, disclose: HIDDEN, cache: false },
  ]);
  assert.deepEqual(roleOf({}).permissions, []);
  assert.deepEqual(roleOf({ 'allow-by-default': false }).permissions, []);
  assert.deepEqual(roleOf({ permissions: [], 'allow-by-default': true }).permissions, []);
});

test('allowed by default is a permission for everything', () => {
  assert.deepEqual(roleOf({ 'allow-by-default': true }).permissions, [
    { uri: '', match: 'prefix', allow: ALL, disclose: HIDDEN, cache: false },
  ]);
});

test('the last permission for a pattern replaces the others', () => {
  const { permissions } = roleOf({
    permissions: [
      { uri: 'com.*', allow: { call: true } },
      { uri: 'com.example.add', allow: { call: true } },
      { uri: 'com.', match: 'prefix', allow: { publish: true } },
    ],
  });
  assert.deepEqual(
    permissions.map(({ uri, allow }) => [uri, allow.call, allow.publish]),
    [
      ['com.', false, true],
      ['com.example.add', true, false],
    ],
  );
});

test('a principal without a role has the default role', () => {
  const ticket = { type: 'static', 'default-role': 'anonymous', principals: { eve: { ticket: 'eves' } } };
  const node = withAt(plainNode(), steps('workers[0].transports[0].auth'), { ticket });
  const [transport] = load(node).config.workers[0]!.transports;
  assert.ok(transport?.type === 'websocket');
  assert.deepEqual(transport.auth, {
    ticket: { type: 'static', principals: { eve: { ticket: 'eves', role: 'anonymous' } } },
  });
});
