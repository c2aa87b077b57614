import type { Container } from 'inversify';
import { valueOf, type Graph, type Port } from './graph.ts';
import type { Token } from './token.ts';

const shown = (port: Port): readonly unknown[] => (port.node.isBuilt && !port.node.isLost ? [valueOf(port)] : []);

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
  const { providers, decorators } = root;
  for (const [token, ports] of providers.one) bind(token, (decorators.one.get(token) ?? ports).flatMap(shown));
  for (const [token, ports] of providers.group) {
    const decorator = decorators.group.get(token);
    // A decorated group is a list or a map.
    const lists = decorator === undefined ? [ports.flatMap(shown)] : (decorator.flatMap(shown) as (readonly unknown[])[]);
    for (const list of lists) bind(token, list.values());
  }
  return container;
}
