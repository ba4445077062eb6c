// Owns the two works of the load generator, calls and publications, and what is measured while they run.
import { setTimeout as sleep } from 'node:timers/promises';
import { readThreads, spent, spentHere } from './cpu.mjs';
import { cursor, nextInt, RawClient, Template } from './raw-client.mjs';

const EVENT = 36;
const RESULT = 50;
const INVOCATION = 68;
const STEPS = 32;

/** Latencies in buckets of a 32nd of an octave: 2 % wide, and cheap enough for every single call. */
class Latencies {
  #buckets = new Uint32Array(STEPS * 32);
  #count = 0;

  add(milliseconds) {
    const bucket = Math.log2(milliseconds * 1000) * STEPS;
    this.#buckets[bucket > 0 ? Math.min(bucket, this.#buckets.length - 1) | 0 : 0] += 1;
    this.#count += 1;
  }

  quantile(q) {
    let left = this.#count * q;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket];
      if (left <= 0 && this.#count > 0) return 2 ** ((bucket + 0.5) / STEPS);
    }
    return Number.NaN;
  }

  reset() {
    this.#buckets.fill(0);
    this.#count = 0;
  }
}

/** The state of one run: its connections, what has been done, and what went wrong. */
class Run {
  uri = `com.bench.${Math.random().toString(36).slice(2, 8).padEnd(6, '0')}`;
  latencies = new Latencies();
  clients = [];
  running = true;
  units = 0;
  errors = 0;
  firstError = '';

  constructor(options) {
    this.options = options;
  }

  async join() {
    const client = await RawClient.join(this.options.port, this.options.realm);
    client.onClose = () => this.fail('connection closed');
    this.clients.push(client);
    return client;
  }

  fail(text) {
    this.errors += 1;
    this.firstError ||= text;
  }

  unexpected(bytes, start, end) {
    this.fail(`unexpected ${bytes.toString('utf8', start, Math.min(end, start + 160))}`);
  }

  async measure() {
    const { pid, helperPid, secs, warm, port, ...options } = this.options;
    await sleep(warm * 1000);
    this.latencies.reset();
    const before = { units: this.units, server: readThreads(pid), helper: readThreads(helperPid) };
    const usage = process.cpuUsage();
    const start = performance.now();
    await sleep(secs * 1000);
    const micros = (performance.now() - start) * 1000;
    const own = spentHere(usage);
    const server = spent(pid, before.server, readThreads(pid));
    const helper = helperPid ? spent(helperPid, before.helper, readThreads(helperPid)).all : 0;
    const units = this.units - before.units;
    if (units === 0) this.fail('stalled: no unit finished');
    return {
      ...options,
      units,
      rate: (units / micros) * 1e6,
      p50: this.latencies.quantile(0.5),
      p99: this.latencies.quantile(0.99),
      cpu: server.all / units,
      cpuMain: server.main / units,
      serverBusy: server.all / micros,
      generatorBusy: own / micros,
      helperBusy: helper / micros,
    };
  }

  /** Stops sending, then insists on every answer: a unit that never arrives is an error, not a rounding matter. */
  async finish(outstanding) {
    this.running = false;
    const deadline = performance.now() + 3000;
    while (outstanding() > 0 && performance.now() < deadline && this.errors === 0) await sleep(5);
    if (outstanding() !== 0) this.fail(`${outstanding()} units outstanding at the end`);
    this.close();
  }

  close() {
    for (const client of this.clients) client.close();
  }
}

function reading(i) {
  return {
    device: { id: 100017 + i, label: `pump-${i}` },
    reading: { celsius: 21.5 + i / 8, bar: 3.25, ok: i % 3 > 0 },
    tags: ['hall-2', `line-${i}`],
    at: 1790000000017 + 250 * i,
  };
}

/** JSON of the arguments, about `size` bytes: one long string (cheap to parse) or nested objects (what people send). */
function payload(size, shape) {
  if (shape !== 'obj') return JSON.stringify('x'.repeat(Math.max(0, size - 2)));
  const parts = [JSON.stringify(reading(0))];
  for (let length = parts[0].length, i = 1; ; i++) {
    const part = JSON.stringify(reading(i));
    length += part.length + 1;
    if (length > size) return parts.join(',');
    parts.push(part);
  }
}

async function guarded(run, work) {
  try {
    return await work(run);
  } finally {
    run.running = false;
    run.close();
  }
}

async function addCallee(run, { size, shape }) {
  const callee = await run.join();
  const reply = await callee.ask([64, 1, {}, run.uri]);
  if (reply[0] !== 65) throw new Error(`no REGISTERED: ${JSON.stringify(reply)}`);
  const answer = new Template(id => `[70,${id},{},[${payload(size - 20, shape)}]]`);
  callee.onMessage = (bytes, start, end) => {
    if (nextInt(bytes, start, end) === INVOCATION) callee.put(answer, nextInt(bytes, cursor, end));
    else run.unexpected(bytes, start, end);
  };
}

/** A caller with `window` calls in flight; answers `start` and the number of calls it has made. */
async function addCaller(run, { size, shape, window }) {
  const SLOTS = 4096;
  const caller = await run.join();
  const rest = `,{},"${run.uri}",[`;
  const call = new Template(id => `[48,${id}${rest}${payload(size - 10 - rest.length, shape)}]]`);
  const sentAt = new Float64Array(SLOTS);
  let last = 0;
  let stamped = 0;
  caller.onMessage = (bytes, start, end, now) => {
    const type = nextInt(bytes, start, end);
    const slot = nextInt(bytes, cursor, end) % SLOTS;
    if (type !== RESULT || sentAt[slot] === 0) {
      run.unexpected(bytes, start, end);
      return;
    }
    run.latencies.add(now - sentAt[slot]);
    sentAt[slot] = 0;
    run.units += 1;
    if (run.running) caller.put(call, ++last);
  };
  caller.onBatch = () => {
    if (stamped === last) return;
    const now = performance.now();
    while (stamped < last) sentAt[++stamped % SLOTS] = now;
    caller.flush();
  };
  const start = () => {
    while (last < window) caller.put(call, ++last);
    caller.onBatch();
  };
  return { start, calls: () => last };
}

/** N callers with a window each, one callee. A unit is a finished call. */
export function rpc(options) {
  return guarded(new Run(options), async run => {
    await addCallee(run, options);
    const callers = [];
    for (let i = 0; i < options.conns; i++) callers.push(await addCaller(run, options));
    for (const caller of callers) caller.start();
    const figures = await run.measure();
    const calls = () => callers.reduce((sum, caller) => sum + caller.calls(), 0);
    await run.finish(() => calls() - run.units);
    return { ...figures, operations: calls(), totalUnits: run.units, errors: run.errors, firstError: run.firstError };
  });
}

/** Latency of a publication is the time until its last subscriber has it, so deliveries are counted per publication. */
async function addSubscriber(run, { subs }, flight) {
  const subscriber = await run.join();
  const reply = await subscriber.ask([32, 1, {}, run.uri]);
  if (reply[0] !== 33) throw new Error(`no SUBSCRIBED: ${JSON.stringify(reply)}`);
  let got = 0;
  subscriber.onMessage = (bytes, start, end, now) => {
    if (nextInt(bytes, start, end) !== EVENT) {
      run.unexpected(bytes, start, end);
      return;
    }
    // Events of one publisher arrive in order, so counting them is enough; every 32nd is looked at to be sure of that.
    got += 1;
    if (got % 32 === 0 && nextInt(bytes, bytes.indexOf('"#', start), end) !== got) run.unexpected(bytes, start, end);
    run.units += 1;
    const slot = got % flight.slots;
    flight.delivered[slot] += 1;
    if (flight.delivered[slot] < subs) return;
    flight.delivered[slot] = 0;
    run.latencies.add(now - flight.sentAt[slot]);
  };
  subscriber.onBatch = () => {
    subscriber.flush();
    flight.refill();
  };
}

/** One publisher, S subscribers, a window of publications' worth of deliveries in flight. A unit is one EVENT. */
export function pubsub(options) {
  const { subs, window, size, shape } = options;
  return guarded(new Run(options), async run => {
    const publisher = await run.join();
    publisher.onMessage = (bytes, start, end) => run.unexpected(bytes, start, end);
    const rest = `,{},"${run.uri}",["#`;
    const body = payload(size - rest.length - 22, shape);
    const publication = new Template(id => `[16,${id}${rest}${id}",${body}]]`);
    // One subscriber may lag behind by everything that is in flight, so that many publications need a slot.
    const slots = window * (subs + 1);
    const sentAt = new Float64Array(slots);
    const delivered = new Uint32Array(slots);
    let last = 0;
    const refill = () => {
      const from = last;
      while (run.running && (last + 1) * subs - run.units <= window * subs) publisher.put(publication, ++last);
      if (last === from) return;
      const now = performance.now();
      for (let id = from + 1; id <= last; id++) sentAt[id % slots] = now;
      publisher.flush();
    };
    const flight = { slots, sentAt, delivered, refill: () => {} };
    for (let i = 0; i < subs; i += 50) {
      const batch = Array.from({ length: Math.min(50, subs - i) }, () => addSubscriber(run, options, flight));
      await Promise.all(batch);
    }
    flight.refill = refill;
    refill();
    const figures = await run.measure();
    await run.finish(() => last * subs - run.units);
    return { ...figures, operations: last, totalUnits: run.units, errors: run.errors, firstError: run.firstError };
  });
}

export const works = { rpc, pubsub };
