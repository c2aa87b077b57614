import type { Container } from 'inversify';
import type { Graph } from './graph.ts';
import { isLost, valueOf, type Instance } from './instance.ts';

/**
 * Binds everything that is built and visible at top level in an inversify container, each value as a constant under its
 * token, group members in list order for `getAll`. Made, and inversify loaded, when first asked for: binding a thousand
 * values costs more than building them, and most apps never look.
 */
export async function containerOf({ root }: Graph, instances: readonly Instance[]): Promise<Container> {
  const { Container } = await import('inversify');
  const container = new Container({ defaultScope: 'Singleton' });
  for (const source of [...root.values.values(), ...root.groups.values()].flat()) {
    const instance = instances[source.node.rank];
    if (instance === undefined || isLost(instance) || instance.state === 'planned') continue;
    const decorator = source.output.group === undefined ? root.decorators.get(source.output.token) : undefined;
    container.bind(source.output.token).toConstantValue(valueOf(decorator ?? source, instances));
  }
  return container;
}
