/** The door of the trace store. */

export type { FindCodec } from './block-reader.js';
export { openTraceStoreReadOnly } from './read-only-store.js';
export { type StoredStatus, type StoredTrace, type TraceMeta, TraceStoreError } from './stored-trace.js';
export {
  openTraceStore,
  type StoredTraces,
  type StoreLog,
  type TraceStore,
  type TraceStoreOptions,
} from './trace-store.js';
