/** Owns how the members of received dicts become members of plain objects. */

export type PlainDict = { [key: string]: unknown };

/** `__proto__` becomes a member like any other, as it does in JSON.parse. */
export function setMember(dict: PlainDict, key: string, value: unknown): void {
  if (key !== '__proto__') dict[key] = value;
  else Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
}
