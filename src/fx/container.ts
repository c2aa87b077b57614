import type { Container } from 'inversify';
import type { Graph, Source } from './graph.ts';
import { isLost, valueOf, type Instance } from './instance.ts';
import type { Token } from './token.ts';

/**
 * Binds everything that is built and visible at top level in an inversify container, each value as a constant under its
 * token, group members in list order for `getAll`. Made, and inversify loaded, when first asked for: binding a thousand
 * values costs more than building them, and most apps never look.
 */
export async function containerOf({ root }: Graph, instances: readonly Instance[]): Promise<Container> {
  const { Container } = await import('inversify');
  const container = new Container({ defaultScope: 'Singleton' });
  const bind = (token: Token, values: readonly unknown[]): void =>
    values.forEach((value) => void container.bind(token).toConstantValue(value));
  const shown = (source: Source): readonly unknown[] => {
    const instance = instances[source.node.rank];
    return instance?.isBuilt === true && !isLost(instance) ? [valueOf(source, instances)] : [];
  };
  for (const [token, source] of root.values) bind(token, shown(root.decorators.get(token) ?? source));
  for (const [token, members] of root.groups) {
    const decorator = root.groupDecorators.get(token);
    const lists = decorator === undefined ? [members.flatMap(shown)] : (shown(decorator) as (readonly unknown[])[]);
    // A decorated group is a list or a map.
    for (const list of lists) bind(token, [...list.values()]);
  }
  return container;
}
