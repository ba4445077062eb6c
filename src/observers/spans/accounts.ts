/** Owns the books of a span pipeline: what became of every span, by cause. */

import { DROP_CAUSES, type DropCause, FAIL_CAUSES, type FailCause } from './pipeline.js';

export type Failures = Partial<Record<FailCause, number>>;

export class Accounts {
  /** Spans of all actions told of. */
  ended = 0;
  exported = 0;
  /** Ended and not accounted for yet. */
  waiting = 0;
  importantDropped = 0;
  readonly droppedBy = Object.fromEntries(DROP_CAUSES.map(cause => [cause, 0])) as Record<DropCause, number>;
  readonly failedBy = Object.fromEntries(FAIL_CAUSES.map(cause => [cause, 0])) as Record<FailCause, number>;

  end(spans: number): void {
    this.ended += spans;
    this.waiting += spans;
  }

  drop(cause: DropCause, spans: number, important = 0): void {
    this.droppedBy[cause] += spans;
    this.importantDropped += important;
    this.waiting -= spans;
  }

  fail(cause: FailCause, spans: number): void {
    this.failedBy[cause] += spans;
    this.waiting -= spans;
  }

  /** What a request of `spans` came to: all that did not fail was exported. */
  settle(spans: number, failures: Failures): void {
    let failed = 0;
    for (const cause of FAIL_CAUSES) {
      const of = failures[cause] ?? 0;
      this.failedBy[cause] += of;
      failed += of;
    }
    this.exported += spans - failed;
    this.waiting -= spans;
  }

  get dropped(): number {
    return sum(this.droppedBy);
  }

  get failed(): number {
    return sum(this.failedBy);
  }

  read() {
    return {
      spans: this.ended,
      exported: this.exported,
      dropped: this.dropped,
      failed: this.failed,
      waiting: this.waiting,
      droppedBy: { ...this.droppedBy },
      failedBy: { ...this.failedBy },
      importantDropped: this.importantDropped,
    };
  }
}

function sum(by: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const cause in by) total += by[cause]!;
  return total;
}
