/** Owns the way back from rows to spans: where a row's numbers go, and which of the answers are worth keeping. */

import {
  actionAttributes,
  addCallAttributes,
  addPublishAttributes,
  addSamplingAttributes,
  addSubjectAttributes,
  deliverAttributes,
  ErrorTypes,
  endingOf,
  endingOfFanOut,
  invokeAttributes,
  operationOf,
  peerPartOf,
  type Role,
} from './mapping.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  CHILD_SIZE,
  ChildDouble,
  ChildWord,
  KINDS,
  OUTCOMES,
  SamplingBits,
} from './rows.js';
import {
  type AttributeValue,
  type Ending,
  type Operation,
  type Part,
  type SpanIds,
  type SpanLink,
  type SpanSink,
  Uuid,
} from './span-data.js';
import { TableCopy, type TableUpdate } from './table.js';

/** The views of a slab that reading needs. */
export interface Rows {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

// Positions make cache keys; the first are the kinds, as rows number them.
const ROLES: readonly Role[] = [...KINDS, 'invoke', 'deliver'];
const CALL = ROLES.indexOf('call');
const PUBLISH = ROLES.indexOf('publish');
const INVOKE = ROLES.indexOf('invoke');
const DELIVER = ROLES.indexOf('deliver');

/** What spans share is made once per table entry, so that encoders can keep its bytes. */
export class RowReader {
  readonly #table = new TableCopy();
  readonly #errorTypes = new ErrorTypes();
  readonly #endingOfFanOut = endingOfFanOut();
  readonly #operations = new Map<number, Operation>();
  readonly #peers = new Map<number, Part>();
  readonly #endings = new Map<number, Ending>();

  /** To be called with the update that came with the rows, before they are read. */
  update(update: TableUpdate): void {
    if (!this.#table.apply(update)) return;
    this.#operations.clear();
    this.#peers.clear();
    this.#endings.clear();
  }

  /** Tells `sink` the spans of the row at `at`, the action's own first. Returns where the next row begins. */
  read(rows: Rows, at: number, sink: SpanSink): number {
    const head = rows.words[at * 2 + ActionWord.head]!;
    const end = at + ACTION_SIZE + (head >>> 24) * CHILD_SIZE;
    const role = head & 15;
    const flags = (head >>> 16) & 255;
    this.#readAction(rows, at, end, role, flags, sink);
    for (let child = at + ACTION_SIZE; child < end; child += CHILD_SIZE) {
      if (role === CALL) this.#readInvocation(rows, at, child, flags, sink);
      else this.#readFanOut(rows, at, child, flags, sink);
    }
    return end;
  }

  #readAction({ words, doubles }: Rows, at: number, end: number, role: number, flags: number, sink: SpanSink): void {
    const w = at * 2;
    const head = words[w + ActionWord.head]!;
    const startedAt = doubles[at + ActionDouble.startedAt]!;
    const linked = isLinked(words, w);
    const remote = !linked && (words[w + ActionWord.parent] !== 0 || words[w + ActionWord.parent + 1] !== 0);
    sink.add({
      ids: idsOf(words, w, w + ActionWord.span, remote ? w + ActionWord.parent : -1, remote, flags),
      operation: this.#operation(role, words[w + ActionWord.uri]!),
      peer: this.#peer(words[w + ActionWord.originator]!),
      own: this.#ownOfAction(words, doubles, at, end, role),
      ending: this.#ending(role, (head >>> 4) & 15, words[w + ActionWord.error]!),
      startedAt,
      endedAt: Math.max(startedAt, doubles[at + ActionDouble.endedAt]!),
      tracestate: this.#table.string(words[w + ActionWord.tracestate]!),
      link: linked ? linkOf(words, w) : undefined,
    });
  }

  #ownOfAction(words: Int32Array, doubles: Float64Array, at: number, end: number, role: number): AttributeValue[] {
    const w = at * 2;
    const id = w + ActionWord.id;
    const correlation = new Uuid(words[id]!, words[id + 1]!, words[id + 2]!, words[id + 3]!);
    const own = actionAttributes(correlation, doubles[at + ActionDouble.request]!, words[w + ActionWord.anchorBytes]!);
    const subject = doubles[at + ActionDouble.subject]!;
    if (role === CALL) {
      addCallAttributes(own, subject, words[w + ActionWord.progress]!);
    } else if (role === PUBLISH) {
      const acknowledge = (words[w + ActionWord.head]! & 0x100) !== 0;
      const child = at + ACTION_SIZE;
      const reached = child < end;
      const recipients = reached ? words[child * 2 + ChildWord.delivered]! + words[child * 2 + ChildWord.dropped]! : 0;
      const publication = reached ? doubles[child + ChildDouble.publication]! : 0;
      addPublishAttributes(own, correlation, acknowledge, publication, recipients);
    } else {
      addSubjectAttributes(own, ROLES[role]!, subject);
    }
    const sampling = words[w + ActionWord.sampling]!;
    addSamplingAttributes(own, sampling & SamplingBits.reason, (sampling & SamplingBits.partial) !== 0);
    return own;
  }

  #readInvocation({ words, doubles }: Rows, at: number, child: number, flags: number, sink: SpanSink): void {
    const w = at * 2;
    const c = child * 2;
    const startedAt = doubles[child + ChildDouble.startedAt]!;
    sink.add({
      ids: idsOf(words, w, c + ChildWord.span, w + ActionWord.span, false, flags),
      operation: this.#operation(INVOKE, words[w + ActionWord.uri]!),
      peer: this.#peer(words[c + ChildWord.callee]!),
      own: invokeAttributes(doubles[child + ChildDouble.request]!, doubles[child + ChildDouble.registration]!),
      ending: this.#ending(INVOKE, words[c + ChildWord.outcome]!, words[c + ChildWord.error]!),
      startedAt,
      // An invocation that is still open when its call has ended is over for the caller, and that is its span.
      endedAt: Math.max(startedAt, doubles[child + ChildDouble.endedAt]! || doubles[at + ActionDouble.endedAt]!),
      tracestate: this.#table.string(words[w + ActionWord.tracestate]!),
      link: undefined,
    });
  }

  #readFanOut({ words, doubles }: Rows, at: number, child: number, flags: number, sink: SpanSink): void {
    const w = at * 2;
    const c = child * 2;
    const startedAt = doubles[child + ChildDouble.startedAt]!;
    sink.add({
      ids: idsOf(words, w, c + ChildWord.span, w + ActionWord.span, false, flags),
      operation: this.#operation(DELIVER, words[w + ActionWord.uri]!),
      peer: undefined,
      own: deliverAttributes(
        this.#table.peer(words[w + ActionWord.originator]!).realm,
        doubles[child + ChildDouble.publication]!,
        words[c + ChildWord.delivered]!,
        words[c + ChildWord.dropped]!,
        doubles[child + ChildDouble.bytes]!,
      ),
      ending: this.#endingOfFanOut,
      startedAt,
      endedAt: Math.max(startedAt, doubles[child + ChildDouble.endedAt]!),
      tracestate: this.#table.string(words[w + ActionWord.tracestate]!),
      link: undefined,
    });
  }

  #operation(role: number, uri: number): Operation {
    const key = uri * ROLES.length + role;
    let operation = this.#operations.get(key);
    if (operation === undefined) {
      operation = operationOf(ROLES[role]!, this.#table.string(uri));
      this.#operations.set(key, operation);
    }
    return operation;
  }

  #peer(index: number): Part {
    let peer = this.#peers.get(index);
    if (peer === undefined) {
      peer = peerPartOf(this.#table.peer(index));
      this.#peers.set(index, peer);
    }
    return peer;
  }

  #ending(role: number, outcome: number, error: number): Ending {
    const key = (error * OUTCOMES.length + outcome) * ROLES.length + role;
    let ending = this.#endings.get(key);
    if (ending === undefined) {
      ending = endingOf(ROLES[role]!, OUTCOMES[outcome]!, this.#table.string(error), this.#errorTypes);
      this.#endings.set(key, ending);
    }
    return ending;
  }
}

function isLinked(words: Int32Array, w: number): boolean {
  return (words[w + ActionWord.sampling]! & SamplingBits.linked) !== 0;
}

/** Of a linked action the words of trace and parent are those of the link. */
function linkOf(words: Int32Array, w: number): SpanLink {
  return {
    trace0: words[w + ActionWord.trace]!,
    trace1: words[w + ActionWord.trace + 1]!,
    trace2: words[w + ActionWord.trace + 2]!,
    trace3: words[w + ActionWord.trace + 3]!,
    span0: words[w + ActionWord.parent]!,
    span1: words[w + ActionWord.parent + 1]!,
    flags: (words[w + ActionWord.sampling]! >>> 8) & 255,
  };
}

/** The trace of the action whose row begins at word `w`, with span and parent from where they stand; -1: no parent. */
function idsOf(
  words: Int32Array,
  w: number,
  spanAt: number,
  parentAt: number,
  parentIsRemote: boolean,
  traceFlags: number,
): SpanIds {
  const trace = w + (isLinked(words, w) ? ActionWord.id : ActionWord.trace);
  return {
    trace0: words[trace]!,
    trace1: words[trace + 1]!,
    trace2: words[trace + 2]!,
    trace3: words[trace + 3]!,
    span0: words[spanAt]!,
    span1: words[spanAt + 1]!,
    parent0: parentAt < 0 ? 0 : words[parentAt]!,
    parent1: parentAt < 0 ? 0 : words[parentAt + 1]!,
    parentIsRemote,
    traceFlags,
  };
}
