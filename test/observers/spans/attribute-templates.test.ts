/** Owns that attributes written from a template say what they would say without one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttributeTemplates } from '../../../src/observers/spans/attribute-templates.js';
import { JsonEncoder } from '../../../src/observers/spans/otlp-json.js';
import { ProtobufEncoder } from '../../../src/observers/spans/otlp-protobuf.js';
import { ProtobufWriter } from '../../../src/observers/spans/protobuf-writer.js';
import {
  type AttributeValue,
  Ending,
  Kind,
  Operation,
  type SpanData,
  Status,
  Uuid,
} from '../../../src/observers/spans/span-data.js';
import { NOON, randomFrom } from './actions.js';
import { decodeJson, decodeProtobuf } from './otlp-decode.js';

const SOURCE = { resource: [], scopeName: 'test', scopeVersion: '1', schemaUrl: '' };
const NAMES = ['a', 'wamp.request.id', 'wamp.router.time', 'x'.repeat(130), 'ключ'];
const LIMITS = Array.from({ length: 8 }, (_, i) => 2 ** (7 * i)).flatMap(n => [n - 1, n, n + 1]);

/** All kinds of values, so drawn that neighbours are of one kind about as often as not. */
function valuesFrom(random: () => number): () => AttributeValue {
  const below = (n: number) => Math.floor(random() * n);
  const word = () => below(2 ** 32) | 0;
  const makers: (() => AttributeValue)[] = [
    () => LIMITS[below(LIMITS.length)]!,
    () => 2 ** 53 - below(3),
    () => below(200),
    () => random(),
    () => [-1.5, -0, 0.5, 1e-300][below(4)]!,
    () => ['ratio', 'error', 'rärio', '', 'slow'][below(5)]!,
    () => String(10 ** 6 + below(10 ** 6)),
    () => `${'long '.repeat(20)}${below(10)}`,
    () => below(2) === 1,
    () => new Uuid(word(), word(), word(), word()),
  ];
  return () => makers[below(makers.length)]!();
}

function spanWith(own: readonly AttributeValue[], kind: Kind): SpanData {
  const ids = { trace0: 1, trace1: 2, trace2: 3, trace3: 4, span0: 5, span1: 6, parent0: 0, parent1: 0 };
  return {
    ids: { ...ids, parentIsRemote: false, traceFlags: 1 },
    operation: new Operation('call', kind, ['wamp.action', 'call']),
    peer: undefined,
    own,
    ending: new Ending(Status.unset, []),
    startedAt: NOON,
    endedAt: NOON,
    tracestate: '',
    link: undefined,
  };
}

test('a list is written alike, whatever was written before it', () => {
  const random = randomFrom(31);
  const value = valuesFrom(random);
  const protobuf = new ProtobufEncoder(SOURCE);
  const json = new JsonEncoder(SOURCE);
  const kinds = Object.values(Kind);
  let list: AttributeValue[] = [];
  for (let i = 0; i < 20_000; i++) {
    // Mostly as the one before it but for a value or two, which is what templates live on.
    if (i % 7 === 0) list = NAMES.slice(Math.floor(random() * NAMES.length)).flatMap(name => [name, value()]);
    const next = list.map((old, at) => (at % 2 === 0 || random() < 0.6 ? old : value()));
    const kind = kinds[Math.floor(random() * 2)]!;
    // Two, because an encoder keeps its bytes with what spans share.
    protobuf.add(spanWith(next, kind));
    json.add(spanWith(next, kind));
  }
  const [told] = decodeProtobuf(Buffer.from(protobuf.take()));
  const [expected] = decodeJson(Buffer.from(json.take()));
  assert.equal(told!.spans.length, 20_000);
  for (const [i, span] of told!.spans.entries()) assert.deepEqual(span, expected!.spans[i], `span ${i}`);
});

test('lists that differ in numbers, texts of one length and ids are written from the template', () => {
  const templates = new AttributeTemplates(74, new ProtobufWriter(64));
  const write = (list: readonly AttributeValue[]): Buffer => {
    const out = new ProtobufWriter(64);
    templates.write(out, list, 1);
    return Buffer.from(out.bytes());
  };
  const list = (id: number, time: number, reason: string): AttributeValue[] => {
    return ['id', id, 'time', time, 'reason', reason, 'trace', new Uuid(id, id, id, id)];
  };
  const first = write(list(300, 0.25, 'ratio'));
  // An integer has the room of the first one: this one needs less of it.
  assert.equal(write(list(5, 0.75, 'error')).length, first.length);
  const others = (): number => write(list(2 ** 40, 0.5, 'slow')).length;
  const minimal = others();
  assert.ok(minimal < first.length + 5, 'no template fits a text of another length');
  for (let i = 0; i < 20; i++) others();
  // By now it has a template of its own, beside the first.
  assert.equal(write(list(5, 0.5, 'slow')).length, minimal);
  assert.equal(write(list(5, 0.5, 'ratio')).length, first.length);
});

test('where hardly any list fits, templates are not asked for a while, and what is written stays right', () => {
  const templates = new AttributeTemplates(74, new ProtobufWriter(64));
  for (let i = 0; i < 2000; i++) {
    const out = new ProtobufWriter(64);
    const plain = new ProtobufWriter(64);
    // Many lengths, more than there are templates; in the middle a time in which all are alike.
    const list = ['uri', 'x'.repeat(i > 700 && i < 1400 ? 5 : i % 30), 'id', 2 ** 20 + i];
    templates.write(out, list, 2);
    plain.attributes(74, list);
    assert.deepEqual(out.bytes(), plain.bytes(), `list ${i}`);
  }
});
