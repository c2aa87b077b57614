/// <reference types="reflect-metadata" />
import type { ClassElementMetadata, ClassMetadata } from '@inversifyjs/core';
import type { Container, Newable } from 'inversify';
import type { Requirement, Requirements } from './component.ts';
import { describeValue } from './errors.ts';
import type { Graph, Node } from './graph.ts';
import { Formed, isToken, many, optional, type Token } from './token.ts';
import { valuesOf } from './values.ts';

/**
 * Where inversify keeps what its decorators say. Read directly, because an app without classes should not pay for loading
 * inversify: whoever decorates a class has loaded it.
 */
const metadataKey = '@inversifyjs/core/classMetadataReflectKey';

/** Native classes only: whatever may be called without `new` is taken for a `create` function. */
export const isClass = (value: unknown): value is Newable =>
  typeof value === 'function' && value.prototype !== undefined && /^class\b/.test(Function.prototype.toString.call(value));

/**
 * Reads what an inversify class requires from its decorators, and makes its constructor.
 *
 * inversify builds the instance (parameters, properties and `@postConstruct`) in a container of its own that holds exactly
 * the values the planner resolved for it, so private and decorated values are those of its module.
 */
export function readClass(type: Newable, node: Node): { readonly requires: Requirements; readonly create: Node['create'] } {
  const { getOwnMetadata }: Partial<typeof Reflect> = Reflect;
  const metadata = getOwnMetadata?.(metadataKey, type) as ClassMetadata | undefined;
  const parameters = metadata?.constructorArguments ?? [];
  const requires: Record<string, Requirement> = {};
  const read = (element: ClassElementMetadata | undefined, where: string): void => {
    const found = requirementOf(element);
    if (typeof found === 'string') node.problems.push(`class ${type.name}, ${where}${found}`);
    else requires[where] = found;
  };
  if (node.item.definition.requires !== undefined)
    node.problems.push('a class says what it requires in its own decorators, not in "requires"');
  for (let at = 0; at < Math.max(type.length, parameters.length); at += 1) read(parameters[at], `parameter ${at + 1}`);
  metadata?.properties.forEach((element, property) => read(element, `property ${String(property)}`));
  const groups = Object.values(requires).flatMap((each) => (each instanceof Formed && each.form === 'group' ? each.token : []));
  for (const [where, each] of Object.entries(requires)) {
    const token = each instanceof Formed ? each.form === 'optional' && each.token : each;
    if (token !== false && groups.includes(token))
      node.problems.push(
        `${where}: "${token.key}" is injected as a group too, and inversify cannot tell them apart; use a create function`,
      );
  }
  return { requires, create: (needs) => construct(type, node, needs) };
}

/** What is injected, or why that cannot be told. */
function requirementOf(element: ClassElementMetadata | undefined): Requirement | string {
  if (element === undefined) return ': nothing says what is injected; mark the class @injectable() and write @inject(Token)';
  if (!('value' in element)) return ': @unmanaged() is not supported, give it a default in a create function';
  if (element.name !== undefined || element.tags.size > 0) return ': @named and @tagged are not supported, make a token for each name';
  const { value } = element;
  if (!isToken(value)) return ` is injected by ${describeValue(value)}, which is not a token; write @inject(Token)`;
  if ('chained' in element) return many(value);
  return element.optional ? optional(value) : value;
}

async function construct(type: Newable, { inputs }: Node, needs: Readonly<Record<string, unknown>>): Promise<unknown> {
  const values = new Map<Token, readonly unknown[]>();
  for (const { property = '', token, form } of inputs) {
    const value = needs[property];
    values.set(token, form === 'group' ? (value as readonly unknown[]) : [value].filter((each) => each !== undefined));
  }
  const container = await containerWith(values);
  container.bind(type).toSelf();
  return container.getAsync(type);
}

/** An inversify container with everything that is built and visible at top level, group members in list order for `getAll`. */
export function containerOf({ root: { providers, decorators } }: Graph): Promise<Container> {
  const forms = ['one', 'group'] as const;
  const ports = forms.flatMap((form) => [...providers[form]].map(([token, own]) => [token, decorators[form].get(token) ?? own] as const));
  return containerWith(ports.map(([token, sources]) => [token, valuesOf(sources)]));
}

/** Each value as a constant under its token. inversify is loaded when first asked for: most apps never look. */
async function containerWith(values: Iterable<readonly [Token, readonly unknown[]]>): Promise<Container> {
  const { Container } = await import('inversify');
  const container = new Container({ defaultScope: 'Singleton' });
  for (const [token, all] of values) for (const value of all) container.bind(token).toConstantValue(value);
  return container;
}
