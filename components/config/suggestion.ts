/** What is closest to a word that somebody has probably mistyped; `undefined` when nothing is close. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  let limit = Math.max(2, Math.floor(word.length / 5)) + 1;
  let found: string | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate, limit);
    if (distance >= limit) continue;
    limit = distance;
    found = candidate;
  }
  return found;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one to the other; `limit` when it is not below that. */
function editDistance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforePrevious, column - 2) + 1 : Infinity,
      );
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least >= limit) return limit;
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(limit, at(previous, other.length));
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}

/** ` (did you mean x?)`, or nothing. */
export function suggest(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}
