/** Owns the question which process writes a store, and whether that process is still there. */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells this process from a later one with the same number; empty where the system does not say. */
  readonly born: string;
}

export function thisProcess(): Owner {
  return { pid: process.pid, host: hostname(), born: birthOf(process.pid) };
}

/**
 * Whether the owner still runs. A process on another host cannot be asked: a container that was
 * replaced has another name, so it counts as gone.
 */
export function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.born === birthOf(owner.pid);
}

/** Boot of the machine and start of the process, on Linux. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // proc(5): starttime is field 22; the name, field 2, ends with the last parenthesis.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot} ${started}`;
  } catch {
    return '';
  }
}
