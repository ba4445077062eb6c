// Owns the comparison: rounds that interleave the variants, which rounds count, and ratios paired within a round.
import { setTimeout as sleep } from 'node:timers/promises';
import { readThreads, spent } from './cpu.mjs';
import { works } from './load.mjs';

/** Above this the generator, not the server, sets the pace. */
const GENERATOR_LIMIT = 0.95;

const quotient = (a, b) => a / b;

export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function spread(values) {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { median: median(finite), min: Math.min(...finite), max: Math.max(...finite) };
}

/**
 * One measurement of one variant. A variant may bring `around`, which wraps the run (to let telemetry drain, say): the
 * processor time until `around` is done is `cpuToTheEnd`, so that work put off until after the window still shows.
 */
async function measure(variant, work, options) {
  const { pid, port } = variant.server;
  const before = readThreads(pid);
  const run = () => works[work]({ ...options, pid, port, helperPid: variant.helperPid });
  try {
    const figures = await (variant.around ? variant.around(run) : run());
    const cpuToTheEnd = spent(pid, before, readThreads(pid)).all / figures.totalUnits;
    return { ...figures, cpuToTheEnd };
  } catch (error) {
    return { errors: 1, firstError: error.message };
  } finally {
    // The server is still saying goodbye to up to a thousand connections; the next variant must not pay for that.
    await sleep(100);
  }
}

const isUsable = figures => figures.errors === 0;
const isVoid = figures => figures.generatorBusy > GENERATOR_LIMIT;

/** Rounds in which both the variant and the base can be used, and of these the ones that also are not void. */
function pairs(rounds, name, base) {
  const usable = rounds.filter(round => isUsable(round[name]) && isUsable(round[base]));
  const valid = usable.filter(round => !isVoid(round[name]) && !isVoid(round[base]));
  return { usable, valid };
}

/** A repeat helps against a busy generator, not against a server that fails. */
function wantsRepeat(rounds, name, base, wanted) {
  return rounds.every(round => isUsable(round[name])) && pairs(rounds, name, base).valid.length < wanted;
}

function rowOf(name, base, testCase, rounds) {
  const { usable, valid } = pairs(rounds, name, base);
  // With nothing but void rounds the cost per unit still means something; the row says that it is of that kind.
  const generatorBound = valid.length === 0 && usable.length > 0;
  const kept = (generatorBound ? usable : valid).map(round => ({ ours: round[name], theirs: round[base] }));
  const all = rounds.map(round => round[name]);
  const middle = key => median(kept.map(({ ours }) => ours[key]));
  const ratio = (key, over = quotient) => spread(kept.map(({ ours, theirs }) => over(ours[key], theirs[key])));
  return {
    case: testCase.name,
    variant: name,
    rounds: kept.length,
    void: all.filter(isVoid).length,
    generatorBound,
    rate: middle('rate'),
    p50: middle('p50'),
    p99: middle('p99'),
    cpu: middle('cpu'),
    cpuMain: middle('cpuMain'),
    cpuToTheEnd: middle('cpuToTheEnd'),
    serverBusy: middle('serverBusy'),
    generatorBusy: middle('generatorBusy'),
    helperBusy: middle('helperBusy'),
    // For CPU and rate larger is better, so the cost is theirs over ours; the p50 ratio is plainly ours over theirs.
    cpuRatio: ratio('cpu', (ours, theirs) => theirs / ours),
    mainRatio: ratio('cpuMain', (ours, theirs) => theirs / ours),
    rateRatio: ratio('rate'),
    p50Ratio: ratio('p50'),
    errors: all.reduce((sum, figures) => sum + figures.errors, 0),
    firstError: all.find(figures => figures.firstError)?.firstError ?? '',
    spans: sumSpans(all),
    raw: all,
  };
}

function sumSpans(all) {
  const accounts = all.map(figures => figures.spans).filter(Boolean);
  if (accounts.length === 0) return undefined;
  const sum = key => accounts.reduce((total, account) => total + account[key], 0);
  return { expected: sum('expected'), received: sum('received'), lost: sum('lost') };
}

/**
 * Runs every case on every variant, A B A B; the first variant is the base of all ratios.
 * @param {{name: string, server: {pid: number, port: number}, around?: Function, helperPid?: number}[]} variants
 * @param {{name: string, work: 'rpc'|'pubsub', conns?: number, subs?: number, window: number, size: number}[]} cases
 */
export async function compare(variants, cases, { rounds, secs, warm = 0.3, realm = 'realm1', onRow = () => {} }) {
  const base = variants[0].name;
  const rows = [];
  for (const testCase of cases) {
    const { name, work, ...load } = testCase;
    const round = async (roundSecs, roundWarm) => {
      const results = {};
      for (const variant of variants) {
        results[variant.name] = await measure(variant, work, { ...load, realm, secs: roundSecs, warm: roundWarm });
      }
      return results;
    };
    // The first round warms the compilers up; it counts for errors only.
    const warmUp = await round(0.4, 0.2);
    const done = [];
    const isShort = () => variants.some(variant => wantsRepeat(done, variant.name, base, rounds));
    while (done.length < rounds || (done.length < 2 * rounds && isShort())) done.push(await round(secs, warm));
    for (const variant of variants) {
      const row = rowOf(variant.name, base, testCase, done);
      row.errors += warmUp[variant.name].errors;
      row.firstError ||= warmUp[variant.name].firstError ?? '';
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
}
