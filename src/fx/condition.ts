/**
 * When a component is in the app, as data, so that a plan can print it. A string is a setting that must be on: anything
 * but `false`, `0`, `''`, `'false'`, null and undefined. A list holds when each of its conditions does.
 */
export type Condition = string | Test | readonly (string | Test)[];

interface Test {
  readonly setting: string;
  /** The value that it must have, or a predicate over it. */
  readonly is: string | number | boolean | ((value: unknown) => boolean);
}

/** Reads one setting by its dotted key; `undefined` when it is not set. */
export type Settings = (key: string) => unknown;

/** Why the condition does not hold, or `undefined` when it does. */
export function refusal(condition: Condition, settings: Settings): string | undefined {
  for (const test of testsOf(condition)) {
    const value = settings(test.setting);
    const holds = typeof test.is === 'function' ? test.is(value) : Object.is(value, test.is);
    if (!holds) return `setting "${test.setting}" is ${show(value)}, ${wanted(test)}`;
  }
  return undefined;
}

/** The condition in words: `leader_election`, `external_metrics_provider.mode is "crd"`. */
export function describeCondition(condition: Condition): string {
  return testsOf(condition)
    .map((test) => (test.is === on ? test.setting : `${test.setting} ${wanted(test)}`))
    .join(' and ');
}

function testsOf(condition: Condition): Test[] {
  return [condition].flat().map((each) => (typeof each === 'string' ? { setting: each, is: on } : each));
}

/** Its name is what {@link wanted} says of it. */
function on(value: unknown): boolean {
  return value !== false && value !== 0 && value !== '' && value !== 'false' && value !== null && value !== undefined;
}

function wanted({ is }: Test): string {
  return `it must be ${typeof is !== 'function' ? show(is) : is.name === 'is' ? 'as its condition says' : is.name}`;
}

const show = (value: unknown): string => (value === undefined ? 'not set' : (JSON.stringify(value) ?? typeof value));
