/** Owns the sdk pipeline: the same spans for processors and exporters of the OpenTelemetry SDK, on the router's thread. */

import { createRequire } from 'node:module';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { TracedAction } from '../../trace/action.js';
import type { Source } from './otlp.js';
import { CLOSE_LIMIT_MS, type SpanLog, type SpanPipeline, type SpanStats } from './pipeline.js';
import { RowReader } from './row-reader.js';
import { ACTION_SIZE, CHILD_SIZE, childrenOf, MAX_CHILDREN, Slab, writeRow } from './rows.js';
import { SdkSpan, type SdkSource, sdkSourceOf } from './sdk-span.js';
import type { ExportSettings } from './settings.js';
import type { SpanData, SpanSink } from './span-data.js';
import { InternTable } from './table.js';
import { transportOptions } from './transport.js';
