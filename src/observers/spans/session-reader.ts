/** Owns the way back from the rows of sessions to spans. */

import { DISCONNECTED } from '../../trace/session.js';
import type { ErrorTypes } from './failures.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  ChildDouble,
  ChildWord,
  CloseDouble,
  idsOf,
  isLinked,
  linkOf,
  OPEN_ROW,
  OpenWord,
  OUTCOMES,
  ROOT,
  type Rows,
  SamplingBits,
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
import { Operation, type Part, type SpanSink, Uuid } from './span-data.js';
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
    const tracestate = text(ActionWord.tracestate);
    const sampling = words[w + ActionWord.sampling]! & SamplingBits.reason;
    const [realm, authmethod] = [text(ActionWord.uri), text(OpenWord.authmethod)];
    const startedAt = doubles[at + ActionDouble.startedAt]!;
    sink.add({
      ids: idsOf(words, w, w + ActionWord.span, ROOT, false, flags),
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
        sampling,
      }),
      ending,
      startedAt,
      endedAt: Math.max(startedAt, doubles[at + ActionDouble.endedAt]!),
      tracestate,
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
      tracestate,
      link: undefined,
    });
  }

  #readClosing({ words, doubles }: Rows, at: number, sink: SpanSink): void {
    const w = at * 2;
    const flags = (words[w + ActionWord.head]! >>> 16) & 255;
    const error = this.#table.string(words[w + ActionWord.error]!);
    const tracestate = this.#table.string(words[w + ActionWord.tracestate]!);
    const startedAt = doubles[at + ActionDouble.startedAt]!;
    const number = (double: number): number => doubles[at + double]!;
    sink.add({
      ids: idsOf(words, w, w + ActionWord.span, ROOT, false, flags),
      operation: this.#close,
      peer: this.#peer(words[w + ActionWord.originator]!),
      own: closeAttributes({
        correlation: correlationOf(words, w + ActionWord.id),
        reason: this.#table.string(words[w + ActionWord.uri]!),
        lifetime: number(CloseDouble.lifetime) < 0 ? undefined : number(CloseDouble.lifetime) / 1000,
        receivedMessages: number(CloseDouble.receivedMessages),
        sentMessages: number(CloseDouble.sentMessages),
        receivedBytes: number(CloseDouble.receivedBytes),
        sentBytes: number(CloseDouble.sentBytes),
        droppedEvents: number(CloseDouble.droppedEvents),
        sampling: words[w + ActionWord.sampling]! & SamplingBits.reason,
      }),
      ending: endingOfClosing(error, error !== DISCONNECTED, this.#errorTypes),
      startedAt,
      endedAt: Math.max(startedAt, doubles[at + ActionDouble.endedAt]!),
      tracestate,
      link: isLinked(words, w) ? linkOf(words, w) : undefined,
    });
  }
}

function copyOf({ name, kind, attributes }: Operation): Operation {
  return new Operation(name, kind, attributes);
}

function correlationOf(words: Int32Array, at: number): Uuid {
  return new Uuid(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}
