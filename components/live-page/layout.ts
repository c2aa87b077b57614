/** A node and the nodes that it points to, by index; there is no circle. */
export type Edges = readonly (readonly number[])[];

export interface Position {
  /** 0 for what needs nothing, else one more than the deepest of its needs. */
  readonly column: number;
  /** From the top of its column. */
  readonly row: number;
}

/**
 * Places a graph in columns, so that every edge leads to the left.
 *
 * @param needs each node points only to nodes before it, as in a plan
 */
export function layout(needs: Edges): readonly Position[] {
  const columns: number[] = [];
  for (const each of needs) columns.push(each.reduce((deepest, need) => Math.max(deepest, (columns[need] ?? 0) + 1), 0));
  const heights: number[] = [];
  const rows: number[] = [];
  const byBalance = [...needs.keys()].toSorted((a, b) => (columns[a] ?? 0) - (columns[b] ?? 0) || balance(a) - balance(b) || a - b);
  for (const node of byBalance) {
    const column = columns[node] ?? 0;
    const row = heights[column] ?? 0;
    heights[column] = row + 1;
    rows[node] = row;
  }
  return needs.map((_, node) => ({ column: columns[node] ?? 0, row: rows[node] ?? 0 }));

  /** How far down its needs stand in their columns: a node beside its needs makes short edges. */
  function balance(node: number): number {
    const each = needs[node] ?? [];
    return each.length === 0 ? 0 : each.reduce((sum, need) => sum + need, 0) / each.length;
  }
}

/** The edges that no longer way implies: what is left tells the same order with fewer lines. */
export function reduced(needs: Edges): Edges {
  const reachable: Set<number>[] = [];
  return needs.map((each) => {
    const nearest = [...new Set(each)].toSorted((a, b) => b - a);
    const seen = new Set<number>();
    const kept = nearest.filter((need) => {
      if (seen.has(need)) return false;
      for (const further of reachable[need] ?? []) seen.add(further);
      return true;
    });
    reachable.push(new Set([...seen, ...kept]));
    return kept;
  });
}
