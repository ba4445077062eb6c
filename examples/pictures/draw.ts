/** Owns the drawing of one trace as SVG: a line for each span in the order of the tree, with its bar and what it says. */

import type { JaegerSpan, JaegerTrace } from './jaeger.js';

/** Attributes worth a place in a picture, in this order. */
const TOLD = [
  'wamp.authmethod',
  'wamp.serializer',
  'user_agent.original',
  'wamp.close.reason',
  'wamp.session.lifetime',
  'wamp.session.messages.received',
  'wamp.session.messages.sent',
  'rpc.method_original',
  'rpc.status_code',
  'wamp.router.time',
  'wamp.callee.time',
  'wamp.caller.rtt',
  'wamp.callee.rtt',
  'wamp.invoke.policy',
  'wamp.call.progress.count',
  'wamp.call.time_to_first_result',
  'wamp.call.timeout',
  'wamp.cancel.mode',
  'wamp.late_result',
  'wamp.uri.match',
  'wamp.registration.id',
  'wamp.subscription.id',
  'wamp.publish.acknowledge',
  'wamp.event.recipients',
  'wamp.event.delivered',
  'wamp.event.dropped',
  'wamp.event.queue.max',
  'wamp.queue.bytes',
  'wamp.authid',
  'wamp.outcome',
  'wamp.authorize.decision',
  'wamp.error.class',
  'error.type',
];

const COLOURS: Readonly<Record<string, string>> = {
  server: '#2f6fb0',
  client: '#2b8a6e',
  consumer: '#8a5bb0',
  producer: '#c07a1f',
  internal: '#7a7f87',
};

const [WIDTH, LEFT, PAD, HEAD, ROW, LINE] = [1040, 330, 16, 54, 32, 14];
/** Characters of attributes that fit into a line below a bar, and how many lines there are at most. */
const [FIT, LINES] = [108, 3];
/** What a duration takes. */
const LABEL = 62;

interface Line {
  readonly span: JaegerSpan;
  readonly depth: number;
}

export function draw({ traceID, spans }: JaegerTrace): string {
  const lines = inOrder(spans);
  const start = Math.min(...spans.map(span => span.startTime));
  const end = Math.max(...spans.map(span => span.startTime + span.duration));
  const rows: string[] = [];
  let y = HEAD;
  for (const line of lines) {
    const told = wrapped([...links(line.span), ...attributes(line.span)]);
    rows.push(row(line, told, y, start, Math.max(1, end - start)));
    y += ROW + told.length * LINE;
  }
  const height = y - PAD;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ` font-family="ui-sans-serif, Helvetica, Arial, sans-serif" role="img">`,
    `<title>${escaped(lines[0]!.span.operationName)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(PAD, 24, `trace ${traceID}`, 13, '#5b6068'),
    text(LEFT, 24, '0', 12, '#5b6068'),
    text(WIDTH - PAD, 24, duration(end - start), 12, '#5b6068', 'end'),
    `<path d="M${LEFT} 32H${WIDTH - PAD}" stroke="#c9cdd3"/>`,
    ...rows,
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** Parents before their children, children by their start. */
function inOrder(spans: readonly JaegerSpan[]): Line[] {
  const ids = new Set(spans.map(span => span.spanID));
  const children = new Map<string, JaegerSpan[]>();
  for (const span of [...spans].sort((a, b) => a.startTime - b.startTime || a.duration - b.duration)) {
    const parent = span.references.find(({ refType, spanID }) => refType === 'CHILD_OF' && ids.has(spanID));
    const key = parent?.spanID ?? '';
    children.set(key, [...(children.get(key) ?? []), span]);
  }
  const below = (key: string, depth: number): Line[] =>
    (children.get(key) ?? []).flatMap(span => [{ span, depth }, ...below(span.spanID, depth + 1)]);
  return below('', 0);
}

function row({ span, depth }: Line, told: readonly string[], y: number, start: number, whole: number): string {
  const tags = new Map(span.tags.map(({ key, value }) => [key, value]));
  const kind = String(tags.get('span.kind') ?? 'internal');
  const colour = COLOURS[kind]!;
  const failed = tags.get('error') === true || tags.get('otel.status_code') === 'ERROR';
  const scale = (WIDTH - PAD - LEFT) / whole;
  const x = LEFT + (span.startTime - start) * scale;
  const width = Math.max(3, span.duration * scale);
  const indent = PAD + depth * 18;
  return [
    depth > 0 ? `<path d="M${indent - 10} ${y - 18}V${y - 4}H${indent - 3}" stroke="#c9cdd3" fill="none"/>` : '',
    text(indent, y, span.operationName, 14, failed ? '#b3261e' : '#1d2026'),
    text(LEFT - 10, y, kind.toUpperCase(), 10, colour, 'end'),
    `<rect x="${round(x)}" y="${y - 11}" width="${round(width)}" height="13" rx="2" fill="${colour}"/>`,
    failed ? `<rect x="${round(x)}" y="${y - 11}" width="4" height="13" fill="#b3261e"/>` : '',
    label(duration(span.duration), x, width, y),
    ...told.map((line, i) => text(LEFT, y + 17 + i * LINE, line, 10, '#5b6068')),
  ].join('');
}

/** Behind the bar, or in it, or before it, where there is room. */
function label(words: string, x: number, width: number, y: number): string {
  if (x + width + LABEL < WIDTH - PAD) return text(x + width + 5, y, words, 11, '#5b6068');
  return width > LABEL
    ? text(x + width - 5, y, words, 11, '#ffffff', 'end')
    : text(x - 5, y, words, 11, '#5b6068', 'end');
}

function attributes({ tags }: JaegerSpan): string[] {
  const values = new Map(tags.map(({ key, value }) => [key, value]));
  return TOLD.filter(key => values.has(key)).map(key => `${key}=${value(key, values.get(key))}`);
}

function links(span: JaegerSpan): string[] {
  return span.references
    .filter(({ refType }) => refType === 'FOLLOWS_FROM')
    .map(({ traceID }) => `link to trace ${traceID.slice(0, 8)}…`);
}

/** As many as there is room for: what is left out is in Jaeger. */
function wrapped(told: readonly string[]): string[] {
  const lines: string[] = [];
  for (const one of told) {
    const longer = lines.length === 0 ? one : `${lines.at(-1)} · ${one}`;
    if (lines.length > 0 && longer.length <= FIT) lines[lines.length - 1] = longer;
    else if (lines.length < LINES) lines.push(one);
  }
  return lines;
}

/** Seconds for people. */
function value(key: string, told: unknown): string {
  return typeof told === 'number' && /\.(time|rtt|lifetime|time_to_first_result)$/.test(key)
    ? duration(told * 1e6)
    : String(told);
}

function duration(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  return micros < 1e6 ? `${(micros / 1000).toPrecision(3)} ms` : `${(micros / 1e6).toPrecision(3)} s`;
}

function text(x: number, y: number, words: string, size: number, colour: string, anchor = 'start'): string {
  return `<text x="${round(x)}" y="${y}" font-size="${size}" fill="${colour}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
