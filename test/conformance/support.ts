import { app, component, FxError, oneShot, token, type Application, type Component, type Event } from '../../src/fx/index.ts';
import { fakeProcess, manualClock, type FakeProcess, type ManualClock } from '../../src/fx/testing.ts';

/** Three capabilities that most rows do with. */
export const Store = token<string>()('store');
export const Cache = token<string>()('cache');
export const Server = token<string>()('server');

type Items = readonly Component[];
type Options = Parameters<typeof app>[1];
type Requirements = Parameters<typeof oneShot>[1];

export interface Subject {
  readonly app: Application;
  readonly clock: ManualClock;
  readonly process: FakeProcess;
  readonly events: readonly Event[];
  /** The kinds of all events so far that pass. */
  readonly kinds: (of?: RegExp) => readonly string[];
}

/** An app on virtual time, in a process of its own, whose events are kept. */
export function subject(list: Items, options: Options = {}): Subject {
  const clock = manualClock();
  const process = fakeProcess();
  const events: Event[] = [];
  const { sinks = [] } = options;
  const made = app(list, { clock, process, ...options, sinks: [(event) => void events.push(event), ...sinks] });
  const kinds = (of = /./): readonly string[] => events.map(({ kind }) => kind).filter((kind) => of.test(kind));
  return { app: made, clock, process, events, kinds };
}

/** Starts an app, and stops it again. */
export async function live(list: Items, options: Options = {}): Promise<Subject> {
  const started = subject(list, options);
  await started.app.start();
  await started.app.stop();
  return started;
}

/** What the top level of a list sees. */
export function valuesOf<const R extends Requirements>(list: Items, requires: R) {
  return oneShot(list, requires, { clock: manualClock(), process: fakeProcess(), run: (needs) => needs });
}

/** The framework's error that something ends with. */
export async function failureOf(ending: Promise<unknown>): Promise<FxError> {
  try {
    await ending;
  } catch (error) {
    if (error instanceof FxError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** The error of a start; a start of a list that is wrong throws the very error that the app has had all along. */
export async function startFailure(list: Items, options: Options = {}): Promise<FxError> {
  return failureOf(subject(list, options).app.start());
}

/** The error of a list that is refused, which is found without building anything. */
export function refusal(list: Items): FxError {
  const { error } = subject(list).app;
  if (error === undefined) throw new Error('the list was not refused');
  return error;
}

/** What JavaScript may hand over where TypeScript would not compile. */
export function untyped(value: unknown): never {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- lying to the compiler is what it is for
  return value as never;
}

/** A component that is there for its hooks, which tell when they run. */
export function hooked(name: string, calls: string[]): Component<never, never> {
  return component({
    name,
    create: () => undefined,
    start: () => void calls.push(`start ${name}`),
    stop: () => void calls.push(`stop ${name}`),
  });
}

export function reject(message: string): () => Promise<never> {
  return () => Promise.reject(new Error(message));
}

export function never(): Promise<never> {
  return new Promise(() => {});
}

/** This file's name with a line, as places are written. */
export function placeIn(file: string): RegExp {
  return new RegExp(`test/conformance/${file}\\.test\\.ts:\\d+`);
}
