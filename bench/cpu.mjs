// Owns the reading of processor time: of a server from outside, and of this process from inside.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Nanoseconds on a core so far, per thread. From outside, because a process sees its own figures only as they were at
 * its last context switch; over all threads, because a router may not hide its work in a worker.
 */
export function readThreads(pid) {
  const threads = new Map();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [onCore] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      threads.set(Number(thread), Number(onCore));
    }
  } catch {
    // No such file system, or the process is gone: the caller sees NaN, never a false zero.
  }
  return threads;
}

/** Microseconds between two readings, over all threads and of the main thread alone. */
export function spent(pid, before, after) {
  if (after.size === 0) return { all: Number.NaN, main: Number.NaN };
  let all = 0;
  for (const [thread, onCore] of after) all += onCore - (before.get(thread) ?? 0);
  return { all: all / 1000, main: (after.get(pid) - (before.get(pid) ?? 0)) / 1000 };
}

/** Microseconds this process has used since an earlier `process.cpuUsage()`. */
export function spentHere(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
