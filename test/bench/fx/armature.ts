import { app, component, invoke, token, type Component, type Token } from '../../../src/fx/index.ts';
import { Part, type Graph, type Ledger, type Pass } from './part.ts';

type PartToken = Token<string, Part>;

/** Under which the components take what they require; in a program, names are written, not made. */
const properties = Array.from({ length: 10_000 }, (_, at) => `part${at}`);

/** Planning, checks and hooks included. */
export const pass: Pass = (graph, ledger) => passAtOnce(graph, ledger, 1);

export async function passAtOnce(graph: Graph, ledger: Ledger, concurrency: number): Promise<void> {
  const tokens: readonly PartToken[] = graph.dependencies.map((_, index) => token<Part>()(`part-${index}`));
  const take = (indices: readonly number[] = []): Record<string, PartToken> => {
    const taken: Record<string, PartToken> = {};
    for (let at = 0; at < indices.length; at += 1) {
      const property = properties[at];
      const wanted = tokens[indices[at] ?? -1];
      if (property !== undefined && wanted !== undefined) taken[property] = wanted;
    }
    return taken;
  };
  const list: Component[] = [];
  for (const index of graph.listed) {
    const provides = tokens[index];
    if (provides === undefined) continue;
    list.push(
      component({
        name: `part-${index}`,
        provides,
        requires: take(graph.dependencies[index]),
        create: (needs) => new Part(index, Object.values(needs), ledger),
        start: (part) => part.start(),
        stop: (part) => part.stop(),
      }),
    );
  }
  list.push(invoke(take(graph.roots), () => {}));
  const all = app(list, { concurrency });
  await all.start();
  await all.stop();
}
