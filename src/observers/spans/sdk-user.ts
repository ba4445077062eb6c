/** Owns the sdk pipeline's door to a processor that the user brings. */

import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Accounts } from './accounts.js';
import type { SdkSink } from './sdk-spans.js';

/** Handed over is all that can be said of a span: queue, drops and exports are the processor's. */
export class UserProcessor implements SdkSink {
  readonly #processor: SpanProcessor;
  readonly #accounts: Accounts;
  readonly isCollectorThere = true;
  readonly capacity = 0;
  readonly bytesPerSpan = 0;

  constructor(processor: SpanProcessor, accounts: Accounts) {
    this.#processor = processor;
    this.#accounts = accounts;
  }

  add(spans: readonly ReadableSpan[]): void {
    for (const span of spans) {
      try {
        this.#processor.onEnd(span);
        this.#accounts.settle(1, {});
      } catch {
        // Routing does not stop for an observer.
        this.#accounts.fail('internal', 1);
      }
    }
  }

  flush(): Promise<void> {
    return this.#processor.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#processor.shutdown();
  }

  end(): void {}
}
