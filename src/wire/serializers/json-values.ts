/** Owns what JSON cannot say by itself: binary as "\0" + base64 (WAMP basic, "Binary Data in JSON") and integers beyond 2^53. */

/** Parses JSON text; strings that begin with U+0000 become Buffers. */
export function fromJson(text: string): unknown {
  return text.includes('\\u0000') ? JSON.parse(text, revive) : JSON.parse(text);
}

function revive(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.charCodeAt(0) === 0 ? Buffer.from(value.slice(1), 'base64') : value;
}

/** JSON text of any value that a serializer can decode. */
export function stringify(value: unknown): string {
  return isPlain(value) ? (JSON.stringify(value) ?? 'null') : write(value);
}

/** Whether JSON.stringify says all there is to say. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'bigint':
    case 'undefined':
      return false;
    case 'number':
      return true;
    case 'object':
      if (value === null) return true;
      if (Array.isArray(value)) return value.every(isPlain);
      if (value instanceof Map || ArrayBuffer.isView(value)) return false;
      return Object.values(value).every(isPlain);
    default:
      return true;
  }
}

function write(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `"\\u0000${bytes.toString('base64')}"`;
  }
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value instanceof Map) return writeDict([...value].map(([k, v]) => [String(k), v]));
  if (value instanceof Date) return JSON.stringify(value);
  return writeDict(Object.entries(value));
}

function writeDict(entries: [string, unknown][]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`;
}
