/// <reference types="reflect-metadata" />
import type { ClassElementMetadata, ClassMetadata } from '@inversifyjs/core';
import type { Newable } from 'inversify';
import { describeValue } from './errors.ts';
import type { Item, Port } from './item.ts';
import { isToken } from './token.ts';

/**
 * Where inversify keeps what its decorators say. Read directly, because an app without classes should not pay for loading
 * inversify: whoever decorates a class has loaded it.
 */
const metadataKey = '@inversifyjs/core/classMetadataReflectKey';
/** Native classes only: whatever may be called without `new` is taken for a `create` function. */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- any function at all
export function isClass(value: Function): value is Newable {
  return value.prototype !== undefined && /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * Reads what an inversify class requires from its decorators, and makes its constructor.
 *
 * inversify builds the instance (parameters, properties and `@postConstruct`) in a container of its own that holds exactly
 * the values the planner resolved for it, so private and decorated values are those of its module.
 */
export function readClass(type: Newable, isRequiring: boolean, problems: string[]): Pick<Item, 'inputs' | 'create'> {
  const { getOwnMetadata }: Partial<typeof Reflect> = Reflect;
  const metadata = getOwnMetadata?.(metadataKey, type) as ClassMetadata | undefined;
  const parameters = metadata?.constructorArguments ?? [];
  const found = Array.from({ length: Math.max(type.length, parameters.length) }, (_, at) => inputOf(parameters[at], `parameter ${at + 1}`));
  metadata?.properties.forEach((element, property) => found.push(inputOf(element, `property ${String(property)}`)));
  if (isRequiring) problems.push('a class says what it requires in its own decorators, not in "requires"');
  const inputs = found.filter((each) => typeof each !== 'string');
  for (const each of found) if (typeof each === 'string') problems.push(`class ${type.name}, ${each}`);
  const groups = new Set(inputs.filter(({ form }) => form === 'group').map(({ token }) => token));
  for (const { token, form, property } of inputs) {
    if (form === 'group' || !groups.has(token)) continue;
    problems.push(`${property}: "${token.key}" is injected as a group too, and inversify cannot tell them apart; use a create function`);
  }
  return { inputs, create: (needs) => construct(type, inputs, needs) };
}

function inputOf(element: ClassElementMetadata | undefined, where: string): Port | string {
  if (element === undefined) return `${where}: nothing says what is injected; mark the class @injectable() and write @inject(Token)`;
  if (!('value' in element)) return `${where}: @unmanaged() is not supported, give it a default in a create function`;
  if (element.name !== undefined || element.tags.size > 0)
    return `${where}: @named and @tagged are not supported, make a token for each name`;
  if (!isToken(element.value)) return `${where} is injected by ${describeValue(element.value)}, which is not a token; write @inject(Token)`;
  const form = 'chained' in element ? 'group' : element.optional ? 'optional' : 'one';
  return { property: where, token: element.value, form, options: {} };
}

async function construct(type: Newable, inputs: readonly Port[], needs: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { Container } = await import('inversify');
  const container = new Container();
  for (const { property, token, form } of inputs) {
    if (container.isBound(token)) continue;
    const value = needs[property ?? ''];
    const values = form === 'group' ? (value as readonly unknown[]) : value === undefined && form === 'optional' ? [] : [value];
    for (const each of values) container.bind(token).toConstantValue(each);
  }
  container.bind(type).toSelf();
  return container.getAsync(type);
}
