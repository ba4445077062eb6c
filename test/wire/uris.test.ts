/** Owns examples of URI syntax: loose, strict, prefixes, reserved ones. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReserved, isUri, isUriPrefix } from '../../src/wire/uris.js';

/** URI, then whether it is loose, strict, a loose prefix, a strict prefix. */
const EXAMPLES: readonly (readonly [string, boolean, boolean, boolean, boolean])[] = [
  ['a', true, true, true, true],
  ['com.example.add2', true, true, true, true],
  ['com.my_app._x.0', true, true, true, true],
  ['com.example.Add', true, false, true, false],
  ['com.example.add-two', true, false, true, false],
  ['com.beispiel.größe', true, false, true, false],
  ['com.🙈', true, false, true, false],
  ['com/example:80', true, false, true, false],
  ['', false, false, true, true],
  ['.', false, false, false, false],
  ['com.', false, false, true, true],
  ['com.example.', false, false, true, true],
  ['com.Example.', false, false, true, false],
  ['.com', false, false, false, false],
  ['com..example', false, false, false, false],
  ['com..', false, false, false, false],
  ['com.exam ple', false, false, false, false],
  ['com.example\n', false, false, false, false],
  ['com.\u00a0', false, false, false, false],
  ['com.\u2003x', false, false, false, false],
  ['com.#', false, false, false, false],
  ['#', false, false, false, false],
];

test('loose and strict URIs', () => {
  for (const [uri, loose, strict] of EXAMPLES) {
    assert.equal(isUri(uri, 'loose'), loose, `loose ${JSON.stringify(uri)}`);
    assert.equal(isUri(uri, 'strict'), strict, `strict ${JSON.stringify(uri)}`);
  }
});

test('loose and strict prefixes', () => {
  for (const [uri, , , loose, strict] of EXAMPLES) {
    assert.equal(isUriPrefix(uri, 'loose'), loose, `loose ${JSON.stringify(uri)}`);
    assert.equal(isUriPrefix(uri, 'strict'), strict, `strict ${JSON.stringify(uri)}`);
  }
});

test('strict is a part of loose, a URI is a prefix', () => {
  for (const [uri] of EXAMPLES) {
    if (isUri(uri, 'strict')) assert.ok(isUri(uri, 'loose'));
    if (isUri(uri, 'loose')) assert.ok(isUriPrefix(uri, 'loose'));
  }
});

test('a long URI that does not match is refused quickly', () => {
  const started = performance.now();
  for (const text of [`${'a'.repeat(1 << 20)} `, `${'a.'.repeat(1 << 19)}.`]) assert.ok(!isUri(text, 'loose'));
  assert.ok(performance.now() - started < 2000);
});

test('the first component wamp is reserved, no other', () => {
  for (const uri of ['wamp', 'wamp.', 'wamp.session.count']) assert.ok(isReserved(uri));
  for (const uri of ['', 'wampx', 'wampx.y', 'com.wamp', 'Wamp.x', 'wam']) assert.ok(!isReserved(uri));
});
