/// <reference types="reflect-metadata" />
import type { ClassElementMetadata, ClassMetadata } from '@inversifyjs/core';
import type { Newable } from 'inversify';
import { describeValue } from './errors.ts';
import { isToken, type Input } from './token.ts';

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
export function classInputs(
  type: Newable,
  problems: string[],
): { inputs: Input[]; construct: (needs: Readonly<Record<string, unknown>>) => unknown } {
  const inputs: Input[] = [];
  const { constructorArguments, properties } = metadataOf(type);
  const take = (element: ClassElementMetadata | undefined, where: string): void => {
    const input = inputOf(element, where);
    if (typeof input === 'string') problems.push(`class ${type.name}, ${input}`);
    else inputs.push(input);
  };
  const parameters = Math.max(type.length, constructorArguments.length);
  for (let index = 0; index < parameters; index += 1) take(constructorArguments[index], `parameter ${index + 1}`);
  properties.forEach((element, property) => take(element, `property ${String(property)}`));
  const groups = new Set(inputs.filter(({ form }) => form === 'list').map((each) => each.token));
  for (const { token, form, property } of inputs) {
    if (form === 'list' || !groups.has(token)) continue;
    problems.push(`${property}: "${token.key}" is injected as a group too, and inversify cannot tell them apart; use a create function`);
  }
  return { inputs, construct: (needs) => construct(type, inputs, needs) };
}

function metadataOf(type: Newable): Pick<ClassMetadata, 'constructorArguments' | 'properties'> {
  const { getOwnMetadata }: Partial<typeof Reflect> = Reflect;
  const metadata = getOwnMetadata?.(metadataKey, type) as ClassMetadata | undefined;
  return metadata ?? { constructorArguments: [], properties: new Map() };
}

function inputOf(element: ClassElementMetadata | undefined, where: string): Input | string {
  if (element === undefined) return `${where}: nothing says what is injected; mark the class @injectable() and write @inject(Token)`;
  if (!('value' in element)) return `${where}: @unmanaged() is not supported, give it a default in a create function`;
  if (element.name !== undefined || element.tags.size > 0)
    return `${where}: @named and @tagged are not supported, make a token for each name`;
  if (!isToken(element.value)) return `${where} is injected by ${describeValue(element.value)}, which is not a token; write @inject(Token)`;
  const form = 'chained' in element ? 'list' : element.optional ? 'optional' : 'one';
  return { property: where, token: element.value, form, soft: false };
}

async function construct(type: Newable, inputs: readonly Input[], needs: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { Container } = await import('inversify');
  const container = new Container();
  const bound = new Set<unknown>();
  for (const { property, token, form } of inputs) {
    if (bound.has(token)) continue;
    bound.add(token);
    const value = needs[property];
    const values = form === 'list' ? (value as readonly unknown[]) : value === undefined && form === 'optional' ? [] : [value];
    for (const each of values) container.bind(token).toConstantValue(each);
  }
  container.bind(type).toSelf();
  return container.getAsync(type);
}
