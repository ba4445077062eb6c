/** Owns a router in memory with one trace log that watches it. */

import { type LogOptions, MessageLog } from '../../src/observers/message-log.js';
import { Observed } from '../trace/observed.js';

export function traced(options: Partial<LogOptions> = {}): { o: Observed; log: MessageLog } {
  const o = new Observed();
  const log = new MessageLog({ ...defaults(o), ...options });
  o.observe(log);
  return { o, log };
}

export function defaults(o: Observed): LogOptions {
  return {
    payload: true,
    redact: [],
    internal: false,
    filter: {},
    maxRecords: 64,
    maxBytes: 4096,
    maxAge: 60_000,
    codec: o.router.serializers.json,
    isOwn: uri => uri.startsWith('crossbarfabriccenter.'),
  };
}
