/** Owns the comparison of a message as it crossed the wire with the same message in a record, which came as JSON. */

/** Binary stands in JSON as WAMP has it: a string that begins with NUL, then base64. */
export function same(wire: unknown, record: unknown): boolean {
  if (wire === record) return true;
  if (wire instanceof Uint8Array) return record === `\0${Buffer.from(wire).toString('base64')}`;
  if (typeof wire !== 'object' || typeof record !== 'object' || wire === null || record === null) return false;
  const keys = Object.keys(wire);
  return (
    Array.isArray(wire) === Array.isArray(record) &&
    keys.length === Object.keys(record).length &&
    keys.every(key => same((wire as { [key: string]: unknown })[key], (record as { [key: string]: unknown })[key]))
  );
}
