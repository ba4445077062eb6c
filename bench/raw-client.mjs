// Owns one WAMP-over-WebSocket connection on a plain TCP socket: handshake, frame reading, batched frame writing.
//
// A load generator must be cheaper than the server it measures, so there is no WebSocket library, no JSON on the hot
// path, no allocation per message and a masking key of zero (legal framing, and the server still unmasks).
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

// Loopback is not an option but a constant: a load generator must not be pointed at somebody else's machine.
const HOST = '127.0.0.1';
const HOLE = '§';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;

// Shared by all connections: reading is synchronous, and no message outlives the call that reads it.
const inbox = Buffer.allocUnsafe(256 * 1024);
let joined = Buffer.allocUnsafe(2 * inbox.length);

function frameOf(payload, opcode = TEXT) {
  const { length } = payload;
  const head = length < 126 ? 6 : length < 65536 ? 8 : 14;
  const frame = Buffer.alloc(head + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (head === 6 ? length : head === 8 ? 126 : 127);
  if (head === 8) frame.writeUInt16BE(length, 2);
  if (head === 14) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, head);
  return frame;
}

function digits(value) {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}

/** A prebuilt message whose request id is still open; frames are built once per number of digits. */
export class Template {
  #text;
  #frames = [];

  /** @param {(id: string) => string} text renders the message around the id, as often as the id occurs in it */
  constructor(text) {
    this.#text = text(HOLE);
  }

  frame(width) {
    this.#frames[width] ??= this.#build(width);
    return this.#frames[width];
  }

  #build(width) {
    const bytes = frameOf(Buffer.from(this.#text.replaceAll(HOLE, '0'.repeat(width))));
    const parts = this.#text.split(HOLE).map(part => Buffer.byteLength(part));
    let at = bytes.length - parts.reduce((sum, part) => sum + part, 0) - width * (parts.length - 1);
    const holes = [];
    for (const part of parts.slice(0, -1)) {
      holes.push(at + part);
      at += part + width;
    }
    return { bytes, holes };
  }
}

function putDigits(bytes, at, width, value) {
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    const tenth = rest < 0x80000000 ? (rest / 10) | 0 : Math.floor(rest / 10);
    bytes[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
}

/** Where the last `nextInt` stopped, so that a message head is read number by number without objects. */
export let cursor = 0;

export function nextInt(bytes, from, end) {
  let at = from;
  while (at < end && (bytes[at] < 48 || bytes[at] > 57)) at += 1;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  cursor = at;
  return value;
}

export class RawClient {
  /** Replaced by the owner; `now` is the clock at the start of the read that brought the message. */
  onMessage = (bytes, start, end, _now) => this.#answer?.(bytes.toString('utf8', start, end));
  /** Called once per read, after its messages: the place to write. */
  onBatch = () => this.flush();
  onClose = () => {};
  #socket;
  #upgraded = false;
  #rest;
  #out = Buffer.allocUnsafe(4096);
  #length = 0;
  #answer;

  static open(port) {
    const client = new RawClient();
    return new Promise((resolve, reject) => {
      let head = '';
      const read = count => {
        if (client.#upgraded) client.#read(count);
        else {
          head += inbox.toString('latin1', 0, count);
          if (!head.includes('\r\n\r\n')) return true;
          // A WAMP router never speaks first, so nothing can follow the head in the same read.
          if (!/^HTTP\/1\.1 101 /.test(head)) reject(new Error(`no upgrade: ${head.split('\r\n')[0]}`));
          client.#upgraded = true;
          resolve(client);
        }
        return true;
      };
      const socket = connect({ host: HOST, port, noDelay: true, onread: { buffer: inbox, callback: read } });
      client.#socket = socket;
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('connection closed'));
        client.onClose();
      });
      socket.on('connect', () => {
        const lines = [
          'GET / HTTP/1.1',
          `Host: ${HOST}:${port}`,
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Protocol: wamp.2.json',
        ];
        socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      });
    });
  }

  /** Opens a connection and joins a realm anonymously. */
  static async join(port, realm) {
    const client = await RawClient.open(port);
    const roles = { caller: {}, callee: {}, publisher: {}, subscriber: {} };
    const reply = await client.ask([1, realm, { agent: 'wampscope-bench', roles }]);
    if (reply[0] !== 2) throw new Error(`no WELCOME on ${realm}: ${JSON.stringify(reply)}`);
    return client;
  }

  /** One question, one answer; only for the quiet time before and after the load. */
  ask(message, patience = 5000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(message)}`)), patience);
      this.#answer = text => {
        clearTimeout(timer);
        resolve(JSON.parse(text));
      };
      this.#append(frameOf(Buffer.from(JSON.stringify(message))));
      this.flush();
    });
  }

  put(template, id) {
    const width = digits(id);
    const { bytes, holes } = template.frame(width);
    const at = this.#append(bytes);
    for (const hole of holes) putDigits(this.#out, at + hole, width, id);
  }

  flush() {
    if (this.#length === 0) return;
    this.#socket.write(this.#out.subarray(0, this.#length));
    this.#length = 0;
    // Only a buffer that the kernel has taken whole may be filled again.
    if (this.#socket.writableLength > 0) this.#out = Buffer.allocUnsafeSlow(this.#out.length);
  }

  close() {
    this.onClose = () => {};
    this.#socket.destroy();
  }

  #append(bytes) {
    const at = this.#length;
    if (at + bytes.length > this.#out.length) {
      const wider = Buffer.allocUnsafeSlow(2 * (at + bytes.length));
      wider.set(this.#out.subarray(0, at));
      this.#out = wider;
    }
    this.#out.set(bytes, at);
    this.#length = at + bytes.length;
    return at;
  }

  #read(count) {
    const now = performance.now();
    let bytes = inbox;
    let end = count;
    if (this.#rest) {
      end += this.#rest.length;
      if (joined.length < end) joined = Buffer.allocUnsafe(2 * end);
      joined.set(this.#rest);
      joined.set(inbox.subarray(0, count), this.#rest.length);
      bytes = joined;
      this.#rest = undefined;
    }
    let at = 0;
    while (end - at >= 2) {
      let length = bytes[at + 1];
      let head = 2;
      if (length === 126) {
        head = 4;
        if (end - at < head) break;
        length = (bytes[at + 2] << 8) | bytes[at + 3];
      } else if (length === 127) {
        head = 10;
        if (end - at < head) break;
        length = Number(bytes.readBigUInt64BE(at + 2));
      }
      const start = at + head;
      const stop = start + length;
      if (stop > end) break;
      if (bytes[at] === (0x80 | TEXT)) this.onMessage(bytes, start, stop, now);
      else this.#control(bytes[at] & 15, bytes.subarray(start, stop));
      at = stop;
    }
    if (at < end) this.#rest = Buffer.from(bytes.subarray(at, end));
    this.onBatch(now);
  }

  #control(opcode, payload) {
    if (opcode === PING) this.#append(frameOf(payload, 10));
    else if (opcode === CLOSE) this.#socket.end();
    else if (opcode <= 2) this.#socket.destroy(new Error('fragmented or binary message'));
  }
}
