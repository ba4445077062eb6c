/** Owns the promise that the monitor in Python is the documented client, with nothing changed but its broken quote. */

import { equal } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Of the client as the Crossbar.io documents print it, which Python refuses: a quote and a bracket too many. */
const DOCUMENTED = 'daf84eeb7062ef9f81225c79c9d64a61fbda98a5c2b410b378bf8d5bee8b46de';

test('the Python monitor is the documented one but for its quote', () => {
  const file = new URL('../../../examples/monitor-python/monitor.py', import.meta.url);
  const documented = readFileSync(file, 'utf8').trimEnd().replace("print('>>>>>>", "print('('>>>>>>");
  equal(createHash('sha256').update(documented).digest('hex'), DOCUMENTED);
});
