/** Owns the events of traces: who is told that one started, stopped, or has new records. */

import type { LocalSession } from '../realm/local-session.js';
import type { Dict } from '../wire/message.js';
import { periodObject, traceObject, traceRecord } from './marshal.js';
import { type TopicName, topicUris } from './procedures.js';
import type { Readers } from './readers.js';
import type { Trace } from './trace.js';
import type { TraceListener } from './traces.js';

export interface TraceEventsOptions {
  readonly nodeId: string;
  readonly workerId: string;
  /** One session in each realm where the API stands. */
  readonly sessions: readonly LocalSession[];
  readonly readers: Readers;
  readonly clock: () => number;
}

/** A batch of events is no place for an unbounded number of records: who needs all reads them. */
const MAX_RECORDS = 2000;

/** Publishes what becomes of the traces of one worker. */
export function traceEvents(options: TraceEventsOptions): TraceListener {
  const { nodeId, workerId, sessions, readers, clock } = options;
  // Records of all realms go only to those who may see all.
  const forAll: Dict = readers.restricted.length ? { exclude_authrole: readers.restricted } : {};

  const publish = (name: TopicName, trace: Trace, args: () => unknown[], eventOptions: Dict = {}): void => {
    const uris = topicUris(name, workerId);
    let made: unknown[] | undefined;
    for (const session of sessions) {
      for (const uri of uris.node) {
        if (!session.reaches(uri)) continue;
        made ??= args();
        session.publish(uri, [nodeId, workerId, trace.id, ...made], eventOptions);
      }
      if (!session.reaches(uris.worker)) continue;
      made ??= args();
      session.publish(uris.worker, [trace.id, ...made], eventOptions);
    }
  };
  const object = (trace: Trace): Dict => traceObject(trace, nodeId, workerId, clock());

  return {
    traceStarted: trace => publish('started', trace, () => [object(trace)]),
    traceStopped: trace => publish('stopped', trace, () => [object(trace)]),
    persistFailed: trace => publish('persistFailed', trace, () => [object(trace)]),
    traceData: (trace, period, from, to) => {
      for (let at = from; at <= to; at += MAX_RECORDS) {
        const end = Math.min(to, at + MAX_RECORDS - 1);
        const args = (): unknown[] => [
          periodObject(period, at, end),
          trace.read(at, end, MAX_RECORDS).map(record => traceRecord(record)),
        ];
        publish('data', trace, args, forAll);
      }
    },
  };
}
