import 'reflect-metadata';
import { ClassElementMetadataKind, getClassMetadata, type ClassElementMetadata, type ClassMetadata } from '@inversifyjs/core';
import { Container, type Newable } from 'inversify';
import type { Input } from './component.ts';
import { isToken } from './token.ts';

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
export function classInputs(type: Newable, problems: string[]): { inputs: Input[]; construct: (needs: Readonly<Record<string, unknown>>) => unknown } {
  const inputs: Input[] = [];
  const metadata = metadataOf(type, problems);
  const take = (element: ClassElementMetadata, where: string): void => {
    const input = inputOf(element, where);
    if (typeof input === 'string') problems.push(input);
    else inputs.push(input);
  };
  metadata?.constructorArguments.forEach((element, index) => take(element, `parameter ${index + 1}`));
  metadata?.properties.forEach((element, property) => take(element, `property ${String(property)}`));
  return { inputs, construct: (needs) => construct(type, inputs, needs) };
}

function metadataOf(type: Newable, problems: string[]): ClassMetadata | undefined {
  try {
    const metadata = getClassMetadata(type);
    if (metadata.constructorArguments.length >= type.length) return metadata;
    problems.push(`class ${type.name} takes ${type.length} parameters, but not each has @inject(Token); mark it @injectable() too`);
  } catch (error) {
    problems.push(`class ${type.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}

function inputOf(element: ClassElementMetadata, where: string): Input | string {
  if (element.kind === ClassElementMetadataKind.unmanaged) return `${where}: @unmanaged() is not supported, give it a default in a create function`;
  if (element.name !== undefined || element.tags.size > 0) return `${where}: @named and @tagged are not supported, make a token for each name`;
  if (!isToken(element.value)) return `${where} is injected by ${String(element.value)}, which is not a token; write @inject(Token)`;
  const many = element.kind === ClassElementMetadataKind.multipleInjection;
  return { property: where, token: element.value, form: many ? 'list' : element.optional ? 'optional' : 'one', soft: false };
}

function construct(type: Newable, inputs: readonly Input[], needs: Readonly<Record<string, unknown>>): Promise<unknown> {
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
