/** Owns which actions turned out to be kept as spans when records of them were there already. */

/** Beyond it the oldest are forgotten, and their records say nothing of a span. */
const MAX = 65_536;

export class LateKeeps {
  /** First frames of the actions, oldest first. */
  readonly #anchors = new Set<number>();

  add(anchor: number): void {
    const anchors = this.#anchors;
    anchors.add(anchor);
    if (anchors.size > MAX) anchors.delete(anchors.values().next().value!);
  }

  has(anchor: number): boolean {
    return this.#anchors.has(anchor);
  }
}
