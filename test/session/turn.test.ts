/** Proves how often the metrics read the clock, and what a turn is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TurnCounter, Turns } from '../../src/session/turn.js';

/** A clock and a loop that a test drives. */
function loop() {
  let now = 100;
  let reads = 0;
  const ends: (() => void)[] = [];
  const turns = new Turns(
    () => {
      reads++;
      return now;
    },
    end => ends.push(end),
  );
  return {
    turns,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    end: () => {
      for (const end of ends.splice(0)) end();
    },
    reads: () => reads,
  };
}

test('however much happens in a turn, the clock is read when it begins and when it ends', () => {
  const { turns, pass, end, reads } = loop();
  const first = turns.current;
  pass(3);
  assert.equal(turns.current, first);
  assert.equal(turns.current.at, 100);
  assert.equal(first.sent, 100);
  end();
  assert.equal(first.sent, 103);
  assert.equal(reads(), 2);
});

test('the next turn has its own time', () => {
  const { turns, pass, end } = loop();
  const first = turns.current;
  end();
  pass(5);
  assert.notEqual(turns.current, first);
  assert.equal(turns.current.at, 105);
});

test('who counted something is told how long the turn was, once for each turn', () => {
  const { turns, pass, end } = loop();
  const told: number[] = [];
  const counter: TurnCounter = { turned: milliseconds => told.push(milliseconds) };
  turns.count(counter);
  pass(2);
  end();
  turns.current;
  pass(4);
  end();
  assert.deepEqual(told, [2]);
});

test('a turn without anything to measure reads no clock', () => {
  const { end, reads } = loop();
  end();
  assert.equal(reads(), 0);
});
