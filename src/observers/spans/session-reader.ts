/** Owns the way back from the rows of sessions to spans. */

import type { ErrorTypes } from './failures.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  ChildDouble,
  ChildWord,
  CloseDouble,
  CloseWord,
  idsOf,
  OPEN_ROW,
  OpenWord,
  OUTCOMES,
  type Rows,
} from './row-layout.js';
import {
  AUTHENTICATE,
  authenticateAttributes,
  closeAttributes,
  endingOfClosing,
  endingOfHandshake,
  openAttributes,
  SESSION_CLOSE,
  SESSION_OPEN,
} from './session-mapping.js';
import { DISCONNECTED } from './session-rows.js';
import { Operation, type Part, type SpanLink, type SpanSink, Uuid } from './span-data.js';
import type { TableCopy } from './table.js';

export class SessionReader {
  readonly #table: TableCopy;
  readonly #errorTypes: ErrorTypes;
  readonly #peer: (index: number) => Part;
  // An encoder keeps its bytes in an operation, and there may be two encoders.
  readonly #open = copyOf(SESSION_OPEN);
  readonly #authenticate = copyOf(AUTHENTICATE);
  readonly #close = copyOf(SESSION_CLOSE);

  constructor(table: TableCopy, errorTypes: ErrorTypes, peer: (index: number) => Part) {
    this.#table = table;
    this.#errorTypes = errorTypes;
    this.#peer = peer;
  }

  read(rows: Rows, at: number, sink: SpanSink): void {
    if ((rows.words[at * 2 + ActionWord.head]! & 15) === OPEN_ROW) this.#readOpening(rows, at, sink);
    else this.#readClosing(rows, at, sink);
  }

  #readOpening({ words, doubles }: Rows, at: number, sink: SpanSink): void {
    const w = at * 2;
    const head = words[w + ActionWord.head]!;
    const flags = (head >>> 16) & 255;
    const outcome = OUTCOMES[(head >>> 4) & 15]!;
    const text = (word: number): string => this.#table.string(words[w + word]!);
    const ending = endingOfHandshake(outcome, text(ActionWord.error), this.#errorTypes);
    const [realm, authmethod] = [text(ActionWord.uri), text(OpenWord.authmethod)];
    const startedAt = doubles[at + ActionDouble.startedAt]!;
    sink.add({
      ids: idsOf(words, w, w + ActionWord.span, w + ActionWord.parent, words[w + ActionWord.parent] !== 0, flags),
      operation: this.#open,
      peer: outcome === 'ok' ? this.#peer(words[w + ActionWord.originator]!) : undefined,
      own: openAttributes({
        correlation: correlationOf(words, w + ActionWord.id),
        realm,
        joined: outcome === 'ok',
        bytes: words[w + ActionWord.anchorBytes]!,
        authmethod,
        serializer: text(OpenWord.serializer),
        transport: text(OpenWord.transport),
        agent: text(OpenWord.agent),
        address: text(OpenWord.address),
        reason: text(OpenWord.reason),
      }),
      ending,
      startedAt,
      endedAt: Math.max(startedAt, doubles[at + ActionDouble.endedAt]!),
      link: undefined,
    });
    if (head >>> 24 === 0) return;
    const child = at + ACTION_SIZE;
    const challengedAt = doubles[child + ChildDouble.startedAt]!;
    sink.add({
      ids: idsOf(words, w, child * 2 + ChildWord.span, w + ActionWord.span, false, flags),
      operation: this.#authenticate,
      peer: undefined,
      own: authenticateAttributes(realm, authmethod),
      ending,
      startedAt: challengedAt,
      endedAt: Math.max(challengedAt, doubles[child + ChildDouble.endedAt]!),
      link: undefined,
    });
  }

  #readClosing({ words, doubles }: Rows, at: number, sink: SpanSink): void {
    const w = at * 2;
    const flags = (words[w + ActionWord.head]! >>> 16) & 255;
    const link = linkOf(words, w, flags);
    const error = this.#table.string(words[w + ActionWord.error]!);
    const startedAt = doubles[at + ActionDouble.startedAt]!;
    const number = (double: number): number => doubles[at + double]!;
    sink.add({
      ids: { ...idsOf(words, w, w + ActionWord.span, w + ActionWord.parent, false, flags), parent0: 0, parent1: 0 },
      operation: this.#close,
      peer: this.#peer(words[w + ActionWord.originator]!),
      own: closeAttributes({
        correlation: correlationOf(words, w + ActionWord.trace),
        reason: this.#table.string(words[w + ActionWord.uri]!),
        lifetime: link === undefined ? undefined : number(CloseDouble.lifetime) / 1000,
        receivedMessages: number(CloseDouble.receivedMessages),
        sentMessages: number(CloseDouble.sentMessages),
        receivedBytes: number(CloseDouble.receivedBytes),
        sentBytes: number(CloseDouble.sentBytes),
        droppedEvents: number(CloseDouble.droppedEvents),
      }),
      ending: endingOfClosing(error, error !== DISCONNECTED, this.#errorTypes),
      startedAt,
      endedAt: Math.max(startedAt, doubles[at + ActionDouble.endedAt]!),
      link,
    });
  }
}

function copyOf({ name, kind, attributes }: Operation): Operation {
  return new Operation(name, kind, attributes);
}

function correlationOf(words: Int32Array, at: number): Uuid {
  return new Uuid(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}

function linkOf(words: Int32Array, w: number, traceFlags: number): SpanLink | undefined {
  const trace = w + CloseWord.linkTrace;
  const span = w + CloseWord.linkSpan;
  if (words[span] === 0 && words[span + 1] === 0) return undefined;
  return {
    trace0: words[trace]!,
    trace1: words[trace + 1]!,
    trace2: words[trace + 2]!,
    trace3: words[trace + 3]!,
    span0: words[span]!,
    span1: words[span + 1]!,
    traceFlags,
    isRemote: false,
  };
}
