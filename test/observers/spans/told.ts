/** Owns the spans that are told of actions and sessions, as an SDK's processor gets them. */

import assert from 'node:assert/strict';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createSpans, type SpanPipeline } from '../../../src/observers/spans/index.js';
import type { TracedAction } from '../../../src/trace/action.js';

/** The spans of `actions`, in the order in which they are told. */
export function spansOf(...actions: TracedAction[]): ReadableSpan[] {
  return spansOfAll(pipeline => {
    for (const action of actions) pipeline.onActionEnd?.(action);
  });
}

/** The spans of whatever `tell` tells. */
export function spansOfAll(tell: (pipeline: SpanPipeline) => void, nonErrorUris?: string[]): ReadableSpan[] {
  const spans: ReadableSpan[] = [];
  const processor: SpanProcessor = {
    onStart: assert.fail,
    onEnd: span => spans.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  tell(createSpans({ pipeline: 'sdk', env: {}, processor, nonErrorUris, log: { warn: assert.fail } }));
  return spans;
}
