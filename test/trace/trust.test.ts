/** Owns whose trace context counts for how much. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Trust } from '../../src/trace/trust.js';
import { session } from '../observers/spans/actions.js';

const anonymous = session(1, { authmethod: 'anonymous', authrole: 'guest' });
const user = session(2, { authmethod: 'ticket', authrole: 'user' });
const elsewhere = session(3, { authmethod: 'ticket', authrole: 'user', realm: 'realm2' });

test('without rules: who has said who it is is followed, others may join traces', () => {
  const trust = new Trust([]);
  assert.deepEqual([trust.of(anonymous), trust.of(user)], ['parent', 'follow']);
});

test('the first rule that fits realm and role holds', () => {
  const trust = new Trust([
    { realm: 'realm2', mode: 'ignore' },
    { authrole: 'user', mode: 'link' },
    { authrole: 'user', mode: 'follow' },
    { realm: 'realm1', authrole: 'guest', mode: 'follow' },
  ]);
  assert.deepEqual([trust.of(anonymous), trust.of(user), trust.of(elsewhere)], ['follow', 'link', 'ignore']);
});
