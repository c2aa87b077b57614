/** A copy in the order of a text of each item, by code units: the same on every machine, whatever its language. */
export function sortedBy<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => {
    const [left, right] = [textOf(a), textOf(b)];
    return Number(left > right) - Number(left < right);
  });
}
