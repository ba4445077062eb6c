/** Owns the way back from rows to spans: where a row's numbers go, and which of the answers are worth keeping. */

import { NON_ERROR_URIS } from '../../trace/failure.js';
import { ErrorTypes } from './failures.js';
import {
  actionAttributes,
  addCallAttributes,
  addPublishAttributes,
  addSamplingAttributes,
  addSubjectAttributes,
  deliverAttributes,
  deliveryAttributes,
  endingOf,
  endingOfDelivery,
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
  INVOKED,
  idsOf,
  isLinked,
  KINDS,
  LATE,
  linkOf,
  MATCHES,
  MODES,
  OPEN_ROW,
  OUTCOMES,
  POLICIES,
  PROGRESSIVE,
  ROOT,
  type Rows,
  SamplingBits,
} from './row-layout.js';
import { SessionReader } from './session-reader.js';
import { type AttributeValue, type Ending, type Operation, type Part, type SpanSink, Uuid } from './span-data.js';
import { TableCopy, type TableUpdate } from './table.js';

// Positions make cache keys; the first are the kinds, as rows number them.
const ROLES: readonly Role[] = [...KINDS, 'invoke', 'deliver'];
const CALL = ROLES.indexOf('call');
const PUBLISH = ROLES.indexOf('publish');
const INVOKE = ROLES.indexOf('invoke');
const DELIVER = ROLES.indexOf('deliver');

/** What spans share is made once per table entry, so that encoders can keep its bytes. */
export class RowReader {
  readonly #table = new TableCopy();
  readonly #errorTypes: ErrorTypes;
  readonly #endingOfFanOut = endingOfFanOut();
  readonly #endingOfDropped = endingOfDelivery(true);
  readonly #endingOfDelivered = endingOfDelivery(false);
  readonly #sessions: SessionReader;
  readonly #operations = new Map<number, Operation>();
  readonly #peers = new Map<number, Part>();
  readonly #endings = new Map<number, Ending>();

  /** `nonErrorUris`: of errors that are no failures. */
  constructor(nonErrorUris: Iterable<string> = NON_ERROR_URIS) {
    this.#errorTypes = new ErrorTypes(nonErrorUris);
    this.#sessions = new SessionReader(this.#table, this.#errorTypes, index => this.#peer(index));
  }

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
    if (role >= OPEN_ROW) {
      this.#sessions.read(rows, at, sink);
      return end;
    }
    const isLate = (rows.words[at * 2 + ActionWord.extras]! & LATE) !== 0;
    if (!isLate) this.#readAction(rows, at, end, role, flags, sink);
    let child = at + ACTION_SIZE;
    if (role === CALL) {
      for (; child < end; child += CHILD_SIZE) this.#readInvocation(rows, at, child, flags, sink);
    } else if (child < end) {
      const fanOut = child;
      this.#readFanOut(rows, at, fanOut, flags, sink);
      for (child += CHILD_SIZE; child < end; child += CHILD_SIZE) {
        this.#readDelivery(rows, at, fanOut, child, flags, sink);
      }
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
      ids: idsOf(words, w, w + ActionWord.span, remote ? w + ActionWord.parent : ROOT, remote, flags),
      operation: this.#operation(role, words[w + (role === CALL ? ActionWord.method : ActionWord.uri)]!),
      peer: this.#peer(words[w + ActionWord.originator]!),
      own: this.#ownOfAction(words, doubles, at, end, role),
      ending: this.#ending(role, (head >>> 4) & 15, words[w + ActionWord.error]!),
      startedAt,
      endedAt: Math.max(startedAt, doubles[at + ActionDouble.endedAt]!),
      tracestate: this.#tracestate(words, w),
      link: linked ? linkOf(words, w) : undefined,
    });
  }

  #ownOfAction(words: Int32Array, doubles: Float64Array, at: number, end: number, role: number): AttributeValue[] {
    const w = at * 2;
    const id = w + ActionWord.id;
    const correlation = new Uuid(words[id]!, words[id + 1]!, words[id + 2]!, words[id + 3]!);
    const own = actionAttributes(correlation, doubles[at + ActionDouble.request]!, words[w + ActionWord.anchorBytes]!);
    const subject = doubles[at + ActionDouble.subject]!;
    const extras = words[w + ActionWord.extras]!;
    if (role === CALL) {
      const routerTime = doubles[at + ActionDouble.routerTime]!;
      const duration = doubles[at + ActionDouble.endedAt]! - doubles[at + ActionDouble.startedAt]!;
      addCallAttributes(own, {
        uri: this.#table.string(words[w + ActionWord.uri]!),
        method: this.#table.string(words[w + ActionWord.method]!),
        registration: subject,
        progress: words[w + ActionWord.progress]!,
        progressive: (extras & PROGRESSIVE) !== 0,
        firstResult: doubles[at + ActionDouble.firstResult]!,
        timeout: words[w + ActionWord.timeout]!,
        cancelMode: MODES[extras & 3]!,
        routerTime,
        calleeTime: (extras & INVOKED) === 0 ? undefined : Math.max(0, duration - routerTime),
        rtt: words[w + ActionWord.rtt]! / 1000,
        error: this.#table.string(words[w + ActionWord.error]!),
      });
    } else if (role === PUBLISH) {
      const acknowledge = (words[w + ActionWord.head]! & 0x100) !== 0;
      const child = at + ACTION_SIZE;
      const reached = child < end;
      const recipients = reached ? words[child * 2 + ChildWord.delivered]! + words[child * 2 + ChildWord.dropped]! : 0;
      const publication = reached ? doubles[child + ChildDouble.publication]! : 0;
      addPublishAttributes(own, correlation, acknowledge, publication, recipients);
    } else {
      addSubjectAttributes(own, ROLES[role]!, subject, MATCHES[(extras >> 2) & 3]!, POLICIES[(extras >> 4) & 7]!);
    }
    const sampling = words[w + ActionWord.sampling]!;
    addSamplingAttributes(own, sampling & SamplingBits.reason, (sampling & SamplingBits.partial) !== 0);
    return own;
  }

  #readInvocation({ words, doubles }: Rows, at: number, child: number, flags: number, sink: SpanSink): void {
    const w = at * 2;
    const c = child * 2;
    const startedAt = doubles[child + ChildDouble.startedAt]!;
    const extras = words[c + ChildWord.extras]!;
    sink.add({
      ids: idsOf(words, w, c + ChildWord.span, w + ActionWord.span, false, flags),
      operation: this.#operation(INVOKE, words[w + ActionWord.method]!),
      peer: this.#peer(words[c + ChildWord.callee]!),
      own: invokeAttributes({
        uri: this.#table.string(words[w + ActionWord.uri]!),
        method: this.#table.string(words[w + ActionWord.method]!),
        request: doubles[child + ChildDouble.request]!,
        registration: doubles[child + ChildDouble.registration]!,
        policy: POLICIES[extras & 7]!,
        queued: words[c + ChildWord.queued]!,
        rtt: words[c + ChildWord.rtt]! / 1000,
        answeredLate: (extras & 8) !== 0,
      }),
      ending: this.#ending(INVOKE, words[c + ChildWord.outcome]!, words[c + ChildWord.error]!),
      startedAt,
      // An invocation that is still open when its call has ended is over for the caller, and that is its span.
      endedAt: Math.max(startedAt, doubles[child + ChildDouble.endedAt]! || doubles[at + ActionDouble.endedAt]!),
      tracestate: this.#tracestate(words, w),
      link: undefined,
    });
  }

  #readFanOut({ words, doubles }: Rows, at: number, child: number, flags: number, sink: SpanSink): void {
    const w = at * 2;
    const c = child * 2;
    const startedAt = doubles[child + ChildDouble.startedAt]!;
    const peer = words[c + ChildWord.peer]!;
    sink.add({
      ids: idsOf(words, w, c + ChildWord.span, w + ActionWord.span, false, flags),
      operation: this.#operation(DELIVER, words[w + ActionWord.uri]!),
      peer: peer === 0 ? undefined : this.#peer(peer - 1),
      own: deliverAttributes({
        realm: this.#table.peer(words[w + ActionWord.originator]!).realm,
        hasPeer: peer !== 0,
        publication: doubles[child + ChildDouble.publication]!,
        delivered: words[c + ChildWord.delivered]!,
        dropped: words[c + ChildWord.dropped]!,
        bytes: doubles[child + ChildDouble.bytes]!,
        queuedMax: words[c + ChildWord.queued]!,
      }),
      ending: this.#endingOfFanOut,
      startedAt,
      endedAt: Math.max(startedAt, doubles[child + ChildDouble.endedAt]!),
      tracestate: this.#tracestate(words, w),
      link: undefined,
    });
  }

  #readDelivery(rows: Rows, at: number, fanOut: number, child: number, flags: number, sink: SpanSink): void {
    const { words, doubles } = rows;
    const w = at * 2;
    const c = child * 2;
    const startedAt = doubles[child + ChildDouble.startedAt]!;
    const isDropped = words[c + ChildWord.isDropped] === 1;
    sink.add({
      ids: idsOf(words, w, c + ChildWord.span, fanOut * 2 + ChildWord.span, false, flags),
      operation: this.#operation(DELIVER, words[w + ActionWord.uri]!),
      peer: this.#peer(words[c + ChildWord.subscriber]!),
      own: deliveryAttributes(
        doubles[fanOut + ChildDouble.publication]!,
        words[c + ChildWord.size]!,
        words[c + ChildWord.queued]!,
      ),
      ending: isDropped ? this.#endingOfDropped : this.#endingOfDelivered,
      startedAt,
      endedAt: Math.max(startedAt, doubles[child + ChildDouble.endedAt]!),
      tracestate: this.#tracestate(words, w),
      link: undefined,
    });
  }

  #tracestate(words: Int32Array, w: number): string {
    return this.#table.string(words[w + ActionWord.tracestate]!);
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
