/** Owns that the JSON scanner accepts what JSON.parse accepts, nesting aside. */

import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import { ProtocolViolation } from '../../src/wire/errors.js';
import { Serializers } from '../../src/wire/serializers/index.js';
import { MAX_DEPTH, skipSpace, skipValue } from '../../src/wire/serializers/json-scanner.js';
import { fromJson } from '../../src/wire/serializers/json-values.js';
import { ORACLES, plain, Random, violation } from './samples.js';

const TEXTS: readonly string[] = [
  '[]',
  '{}',
  '0',
  '-0',
  '-1.25e-10',
  '1E+5',
  '0.0',
  '120',
  '"a\\u00e4\\n\\"\\\\\\/\\b\\f\\r\\tü😀\u2028"',
  '"\\ud83d\\ude48\\ud800"',
  ' [ 1 , "x" , null , true , false , { "a" : [ ] , "b" : { } } ] ',
  '{"a":{"b":[1,2,[3]]},"c":"d","":0}',
  '[[],[[]],{},{"a":{}}]',
];

function scannerAccepts(bytes: Buffer): boolean {
  try {
    const end = skipValue(bytes, skipSpace(bytes, 0, bytes.length), bytes.length, 0);
    return skipSpace(bytes, end, bytes.length) === bytes.length;
  } catch (e) {
    assert.ok(e instanceof ProtocolViolation, String(e));
    return false;
  }
}

function parserAccepts(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

function compare(bytes: Buffer): void {
  if (!isUtf8(bytes)) return;
  assert.equal(scannerAccepts(bytes), parserAccepts(bytes), JSON.stringify(bytes.toString()));
}

const OCTETS = [...'[]{}",:\\/-+.eE019atrufnlsx \t\n\r\b\0\x1f\x7f'].map(c => c.charCodeAt(0));

test('each octet of valid texts replaced, removed, doubled, preceded', () => {
  for (const text of TEXTS) {
    const bytes = Buffer.from(text);
    assert.ok(scannerAccepts(bytes) && parserAccepts(bytes), text);
    for (let p = 0; p <= bytes.length; p++) {
      const before = bytes.subarray(0, p);
      compare(before);
      compare(Buffer.concat([before, bytes.subarray(p + 1)]));
      for (const c of OCTETS) {
        compare(Buffer.concat([before, Buffer.of(c), bytes.subarray(p + 1)]));
        compare(Buffer.concat([before, Buffer.of(c), bytes.subarray(p)]));
      }
    }
  }
});

test('random strings of the octets that JSON is made of', () => {
  const random = new Random(8259);
  for (let i = 0; i < 30_000; i++) {
    compare(Buffer.from(Array.from({ length: random.below(9) }, () => random.pick(OCTETS))));
  }
});

test('random valid texts have the value that JSON.parse gives, integers aside', () => {
  const random = new Random(4627);
  for (let i = 0; i < 500; i++) {
    const value = random.value(3);
    const text = ORACLES.json.encode(value).toString();
    assert.ok(scannerAccepts(Buffer.from(text)));
    assert.deepEqual(plain(fromJson(text)), plain(value));
    // The digits make it take the other way.
    assert.deepEqual(plain(fromJson(`[ ${text} , 12345678901234567890 ]`)), [plain(value), 12345678901234567890n]);
  }
});

test('a message that decodes is one that JSON.parse reads the same way', () => {
  const { json } = new Serializers();
  const bytes = Buffer.from(' [ 48, 7814135,{"a":1} , "com.x" , [1,"b"],{"c":null} ] ');
  let accepted = 0;
  for (let p = 0; p < bytes.length; p++) {
    for (const c of OCTETS) {
      const mutant = Buffer.from(bytes);
      mutant[p] = c;
      try {
        const m = json.decode(mutant);
        accepted++;
        const wire = JSON.parse(mutant.toString()) as unknown[];
        assert.equal(m.code, wire[0]);
        assert.equal(m.payload.count === 0 || m.payload.args !== undefined, true);
      } catch (e) {
        assert.ok(e instanceof ProtocolViolation, `${mutant}: ${String(e)}`);
      }
    }
  }
  assert.ok(accepted > 100);
});

test('the depth of nesting is the one difference', () => {
  const nested = (n: number): Buffer => Buffer.from('['.repeat(n) + ']'.repeat(n));
  assert.ok(scannerAccepts(nested(MAX_DEPTH)));
  assert.ok(parserAccepts(nested(MAX_DEPTH + 1)));
  violation(() => skipValue(nested(MAX_DEPTH + 1), 0, 2 * MAX_DEPTH + 2, 0), /nested deeper than 256 levels/);
});
