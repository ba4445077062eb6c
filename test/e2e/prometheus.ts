/** Owns the reading of a Prometheus text exposition. */

/** Values by name and labels: `wamp_sessions{realm="realm1"}`. */
export function parseMetrics(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const name = line.slice(0, space);
    if (values.has(name)) throw new Error(`${name} is there twice`);
    values.set(name, Number(line.slice(space + 1)));
  }
  return values;
}
