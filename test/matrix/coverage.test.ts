/** Owns that the matrix has no holes: every announced feature has scenarios, every scenario file and link is run. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { ROLES } from '../../src/realm/features.js';
import { LINKS } from '../helpers/links.js';
import { SCENARIOS } from '../scenarios/index.js';

const announced = Object.entries(ROLES).flatMap(([role, { features }]) =>
  Object.entries(features).map(([feature, value]) => {
    // WAMP advanced, "Feature Announcement": only booleans are allowed, and what is not there is not announced.
    assert.equal(value, true, `${role}.${feature}`);
    return `${role}.${feature}`;
  }),
);

for (const feature of announced) {
  test(`${feature} is announced and has a scenario`, () => {
    assert.ok(
      SCENARIOS.some(scenario => scenario.feature === feature),
      `WELCOME announces ${feature}; write a scenario for it in test/scenarios/, or do not announce it`,
    );
  });
}

test('scenarios test nothing that is not announced', () => {
  for (const { name, feature } of SCENARIOS) {
    const known = announced.includes(feature) || feature.startsWith('basic.') || feature === 'stats';
    assert.ok(known, `"${name}" is about ${feature}, which WELCOME does not announce`);
  }
});

test('every export of every scenario file is a scenario of its own name and is run', async () => {
  const directory = new URL('../scenarios/', import.meta.url);
  const files = readdirSync(directory).filter(file => file.endsWith('.js') && file !== 'index.js');
  let exported = 0;
  for (const file of files) {
    const module = (await import(new URL(file, directory).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      exported++;
      assert.ok((SCENARIOS as readonly unknown[]).includes(value), `${file}: ${name} is not in scenarios/index.ts`);
    }
  }
  assert.equal(SCENARIOS.length, exported);
  assert.equal(new Set(SCENARIOS.map(scenario => scenario.name)).size, exported, 'two scenarios have one name');
});

test('every link has its row', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter(file => file.endsWith('.test.js'));
  for (const link of LINKS) assert.ok(files.includes(`${link.name.replace('+', '-')}.test.js`), link.name);
});
