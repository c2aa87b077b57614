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
  const failed = testsOf(condition).find((test) => !holds(test, settings(test.setting)));
  return failed && `setting "${failed.setting}" is ${show(settings(failed.setting))}, it must be ${wanted(failed)}`;
}

/** The condition in words: `leader_election is on`, `external_metrics_provider.mode is "crd"`. */
export function describeCondition(condition: Condition): string {
  const described = testsOf(condition).map((test) => `${test.setting} is ${wanted(test)}`);
  return described.join(' and ');
}

const testsOf = (condition: Condition): Test[] =>
  [condition].flat().map((each) => (typeof each === 'string' ? { setting: each, is: on } : each));

const off: readonly unknown[] = [false, 0, '', 'false', null, undefined];
/** Its name is what {@link wanted} says of it. */
const on = (value: unknown): boolean => !off.includes(value);

const holds = ({ is }: Test, value: unknown): boolean => (typeof is === 'function' ? is(value) : Object.is(value, is));

const wanted = ({ is }: Test): string => (typeof is === 'function' ? is.name.replace(/^is$/, 'as its condition says') : show(is));

const show = (value: unknown): string => (value === undefined ? 'not set' : (JSON.stringify(value) ?? typeof value));
