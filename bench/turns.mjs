// Owns the measurement of turns inside a server: preloaded, asked over the channel to its parent.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

process.on('message', order => {
  if (order === 'reset') delay.reset();
  // Nanoseconds; a turn of no length is told as the resolution, so that is taken off.
  else if (order === 'read') process.send({ max: delay.max / 1e6 - 1, p99: delay.percentile(99) / 1e6 - 1 });
});
// The channel alone must not keep a stopped server alive.
process.channel?.unref();
