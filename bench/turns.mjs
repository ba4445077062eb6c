// Owns the measurement of turns inside a server: preloaded, asked over the channel to its parent.

const EVERY = 1;
/** Of this thread, in milliseconds; older versions of Node.js do not tell. */
const onCore = process.threadCpuUsage
  ? () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1000;
    }
  : () => Number.NaN;

let last = { wall: performance.now(), core: onCore() };
let longest = { wall: 0, core: Number.NaN };

/** Between two looks lies one long turn or some short ones: what they took together is an upper bound. */
function look() {
  const now = { wall: performance.now(), core: onCore() };
  const core = now.core - last.core;
  longest.wall = Math.max(longest.wall, now.wall - last.wall - EVERY);
  if (!(core <= longest.core)) longest.core = core;
  last = now;
}

setInterval(look, EVERY).unref();

process.on('message', order => {
  look();
  if (order === 'read') process.send(longest);
  longest = { wall: 0, core: Number.NaN };
});
// The channel alone must not keep a stopped server alive.
process.channel?.unref();
