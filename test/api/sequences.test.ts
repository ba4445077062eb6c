/** Owns what each kind of action looks like in a trace: crossbar.md 2.6 row by row, as it should be. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUBSUB } from './sequences-pubsub.js';
import { RPC } from './sequences-rpc.js';
import { TracedNode } from './traced-node.js';

for (const row of [...RPC, ...PUBSUB]) {
  test(row.name, async () => {
    const node = await TracedNode.start(row.stats);
    const scene = { node, a: await node.join('A'), b: await node.join('B') };
    await row.given?.(scene);
    await node.trace();
    await row.act(scene);
    assert.deepEqual(await node.story(), row.records);
    await node.close();
  });
}
