import type { Container } from 'inversify';
import { isLost, valueOf, type Graph, type Source } from './graph.ts';
import type { Token } from './token.ts';

const shown = (source: Source): readonly unknown[] => (source.node.isBuilt && !isLost(source.node) ? [valueOf(source)] : []);

/**
 * Binds everything that is built and visible at top level in an inversify container, each value as a constant under its
 * token, group members in list order for `getAll`. Made, and inversify loaded, when first asked for: binding a thousand
 * values costs more than building them, and most apps never look.
 */
export async function containerOf({ root }: Graph): Promise<Container> {
  const { Container } = await import('inversify');
  const container = new Container({ defaultScope: 'Singleton' });
  const bind = (token: Token, values: Iterable<unknown>): void => {
    for (const value of values) container.bind(token).toConstantValue(value);
  };
  for (const [token, sources] of root.one.sources) bind(token, (root.one.decorators.get(token) ?? sources).flatMap(shown));
  for (const [token, sources] of root.group.sources) {
    const decorators = root.group.decorators.get(token);
    // A decorated group is a list or a map.
    const lists = decorators === undefined ? [sources.flatMap(shown)] : (decorators.flatMap(shown) as (readonly unknown[])[]);
    for (const list of lists) bind(token, list.values());
  }
  return container;
}
