// Owns the end of the telemetry line: an OTLP/HTTP receiver that counts spans for real and keeps nothing.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

// ExportTraceServiceRequest.resource_spans = 1, ResourceSpans.scope_spans = 2, ScopeSpans.spans = 2.
const PATH_TO_SPANS = [1, 2, 2];
const total = { requests: 0, spans: 0, bytes: 0 };
let cursor = 0;

function varint(bytes, end) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    if (cursor >= end || scale > 2 ** 63) throw new Error('truncated protobuf');
    const byte = bytes[cursor++];
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

/** Counts by walking the lengths: a span costs a handful of byte reads, its contents are never touched. */
function countProtobuf(bytes, from, end, depth = 0) {
  let spans = 0;
  cursor = from;
  while (cursor < end) {
    const tag = varint(bytes, end);
    const wire = tag & 7;
    if (wire === 0) varint(bytes, end);
    else if (wire === 1) cursor += 8;
    else if (wire === 5) cursor += 4;
    else if (wire === 2) {
      const length = varint(bytes, end);
      const stop = cursor + length;
      if (stop > end) throw new Error('truncated protobuf');
      if (tag >>> 3 === PATH_TO_SPANS[depth]) {
        spans += depth === PATH_TO_SPANS.length - 1 ? 1 : countProtobuf(bytes, cursor, stop, depth + 1);
      }
      cursor = stop;
    } else throw new Error(`wire type ${wire}`);
  }
  if (cursor !== end) throw new Error('truncated protobuf');
  return spans;
}

function countJson(bytes) {
  let spans = 0;
  for (const resource of JSON.parse(bytes).resourceSpans ?? []) {
    for (const scope of resource.scopeSpans ?? []) spans += scope.spans?.length ?? 0;
  }
  return spans;
}

function take(request, chunks) {
  const sent = Buffer.concat(chunks);
  const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  const isJson = request.headers['content-type']?.startsWith('application/json');
  const spans = isJson ? countJson(bytes) : countProtobuf(bytes, 0, bytes.length);
  total.requests += 1;
  total.spans += spans;
  total.bytes += sent.length;
}

function answer(response, status, body = '') {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer((request, response) => {
  if (request.method === 'GET' && request.url === '/count') {
    answer(response, 200, JSON.stringify(total));
    return;
  }
  if (request.method !== 'POST' || request.url !== '/v1/traces') {
    answer(response, 404);
    return;
  }
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    try {
      take(request, chunks);
      answer(response, 200);
    } catch (error) {
      console.error(`refused a request: ${error.message}`);
      answer(response, 400);
    }
  });
});

server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
