/** Owns the agreement of spans with the registry of attributes, and of the registry with OpenTelemetry's names. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as semconv from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { ATTRIBUTES } from '../../../src/observers/spans/attributes.js';
import { SEMCONV_ROWS } from '../../../src/observers/spans/semconv.js';
import { Actions, end, KINDS, OUTCOMES, session } from './actions.js';
import { spansOfAll } from './told.js';

const PEER = session(1, { link: { peer: 'tcp4:10.0.0.1:5000', rtt: 3.25 } });

/** Spans of everything that there is. */
const SPANS = spansOfAll(spans => {
  const actions = new Actions(4711);
  for (let i = 0; i < 5000; i++) spans.onActionEnd?.(actions.anything([PEER], ['com.example.x', '']));
  for (const kind of KINDS) {
    for (const outcome of OUTCOMES) {
      for (const error of ['', 'wamp.error.not_authorized']) {
        spans.onActionEnd?.(end(actions.action(kind, 'com.example.x', PEER), outcome, error));
      }
    }
  }
  const late = end(actions.action('call', 'com.example.x', PEER), 'canceled');
  const invocation = actions.invoke(late, PEER);
  Object.assign(invocation, { outlives: true, outcome: 'ok', answeredLate: true });
  spans.onLateInvocation?.(late, invocation);
  const opening = actions.opening(PEER, 'ok', '', true);
  spans.onSessionOpen?.(opening);
  const gone = actions.opening(PEER, 'caller_gone');
  gone.reason = 'transport_lost';
  spans.onSessionOpen?.(gone);
  spans.onSessionClose?.(actions.closing(PEER, opening, 'transport_lost', 5));
});

const registered = new Map(ATTRIBUTES.map(entry => [entry.name, entry]));

function typeOf(value: unknown): string {
  if (typeof value !== 'number') return typeof value;
  return Number.isInteger(value) ? 'int' : 'double';
}

test('every attribute of every span is registered, with its type', () => {
  for (const { name, attributes } of SPANS) {
    for (const [key, value] of Object.entries(attributes)) {
      const entry = registered.get(key);
      assert.ok(entry, `${key} of ${name}`);
      // JavaScript has one kind of number, so a double that happens to be whole goes as an integer.
      const types = entry.type === 'double' ? ['double', 'int'] : [entry.type];
      assert.ok(types.includes(typeOf(value)), `${key} of ${name} is ${value}`);
    }
  }
});

test('every registered attribute is on some span, and on those that it names', () => {
  for (const { name, on } of ATTRIBUTES) {
    const bearers = new Set(SPANS.filter(span => name in span.attributes).map(span => roleOf(span.name)));
    assert.ok(bearers.size > 0, `${name} is nowhere`);
    if (on.startsWith('all')) continue;
    const named = on.split(', ').map(role => role.replace(' to one', ''));
    assert.deepEqual([...bearers].sort(), named.sort(), name);
  }
});

function roleOf(name: string): string {
  return name.startsWith('session ') ? name : name.split(' ')[0]!;
}

test('names are snake_case in namespaces, each once; ours are wamp.*', () => {
  assert.equal(registered.size, ATTRIBUTES.length);
  const theirs = new Set<string>(Object.values(SEMCONV_ROWS).map(([name]) => name));
  for (const { name } of ATTRIBUTES) {
    assert.match(name, /^[a-z_]+(\.[a-z_]+)+$/);
    assert.equal(name.startsWith('wamp.'), !theirs.has(name), name);
  }
});

test('names of OpenTelemetry are those of the package, stable where the registry says so', () => {
  const namesOf = (constants: object): Set<unknown> =>
    new Set(
      Object.entries(constants)
        .filter(([key]) => key.startsWith('ATTR_'))
        .map(([, name]) => name as unknown),
    );
  const [stable, all] = [namesOf(semconv), namesOf(incubating)];
  for (const [name, , , , source] of Object.values(SEMCONV_ROWS)) {
    assert.ok(all.has(name), `${name} is no name of semconv 1.45`);
    assert.equal(stable.has(name), source.includes('stable'), `${name}: ${source}`);
  }
});
