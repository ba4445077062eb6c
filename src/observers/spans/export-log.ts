/** Owns what the operator is told of spans that do not arrive: each trouble once in a while, with its reason. */

import type { Accounts, Failures } from './accounts.js';
import type { SpanLog } from './pipeline.js';
import type { Tell } from './sender.js';

/** Milliseconds between two lines about the same trouble. */
const INTERVAL_MS = 300_000;

export class ExportLog {
  readonly #log: SpanLog;
  readonly #accounts: Accounts;
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();
  #wasTold = false;

  constructor(log: SpanLog, accounts: Accounts, now: () => number = Date.now) {
    this.#log = log;
    this.#accounts = accounts;
    this.#now = now;
  }

  /** A request that did not arrive as a whole. */
  failure(failures: Failures, reason: string): void {
    const { failed } = this.#accounts;
    if (failures.rejected) {
      if (!this.#isTime('rejected', Number.POSITIVE_INFINITY)) return;
      this.#warn(`${failures.rejected} spans rejected by the collector: ${reason}; further ones are only counted`);
    } else if (failures.refused) {
      this.#once('refused', `the collector refuses spans: ${reason}; ${failed} spans failed so far`);
    } else {
      this.#once('failed', `${reason}; ${failed} spans failed so far`);
    }
  }

  news: Tell = (news, reason) => {
    if (news === 'silent') {
      const told = `the collector does not take spans (${reason}); until it does, only failures and slow actions are kept`;
      this.#wasTold = this.#once('silent', told);
    } else if (this.#wasTold) {
      const { dropped, failed } = this.#accounts;
      this.#wasTold = false;
      this.#warn(`the collector takes spans again; so far ${dropped} spans were dropped and ${failed} failed`);
    }
  };

  workerDied(reason: string, lost: number, goesOn: boolean): void {
    const next = goesOn ? 'it is started again' : 'no spans are exported from now on';
    this.#warn(`the worker died (${reason}), ${lost} spans lost; ${next}`);
  }

  lostAtEnd(lost: number): void {
    if (lost > 0) this.#warn(`${lost} spans could not be exported before the end`);
  }

  #once(trouble: string, text: string): boolean {
    const isTime = this.#isTime(trouble, INTERVAL_MS);
    if (isTime) this.#warn(text);
    return isTime;
  }

  #isTime(trouble: string, interval: number): boolean {
    const now = this.#now();
    const last = this.#toldAt.get(trouble);
    if (last !== undefined && now - last < interval) return false;
    this.#toldAt.set(trouble, now);
    return true;
  }

  #warn(text: string): void {
    this.#log.warn(`span export: ${printable(text)}`);
  }
}

/** A log line stays one line, whatever a collector says. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
