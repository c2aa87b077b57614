import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Component, Event, EventSink } from '../src/fx/index.ts';
import type { FxError } from '../src/fx/index.ts';
import type { ManualClock } from '../src/fx/testing.ts';

/** A list whose types are too wide for the compiler to prove, as a program that makes it at run time has. */
export type Unproved = readonly Component[];

/** `file:line` of the line below the comment `// @mark` in a test file. */
export function written(url: string, mark: string): string {
  const file = fileURLToPath(url);
  const at = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => line.trim() === `// @${mark}`);
  if (at < 0) throw new Error(`no line "// @${mark}" in ${file}`);
  return `${relative(process.cwd(), file)}:${at + 2}`;
}

/** Keeps every event. */
export function recorder(): { readonly sink: EventSink; readonly events: Event[]; readonly kinds: () => string[] } {
  const events: Event[] = [];
  return { sink: (event) => void events.push(event), events, kinds: () => events.map(({ kind }) => kind) };
}

/** Turns the clock until the promise has settled; for tests in which nothing must hang. */
export async function settled<T>(clock: ManualClock, promise: Promise<T>, stepMs = 1000): Promise<T> {
  const progress = { isOver: false };
  const done = promise.then(
    () => void (progress.isOver = true),
    () => void (progress.isOver = true),
  );
  for (let steps = 0; !progress.isOver; steps += 1) {
    if (steps > 10_000) throw new Error('it never settles');
    await clock.advance(stepMs);
  }
  await done;
  return promise;
}

/** The error that a promise is expected to reject with. */
export async function rejection(promise: Promise<unknown>): Promise<FxError> {
  try {
    await promise;
  } catch (error) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the assertions that follow look at every field of it
    return error as FxError;
  }
  throw new Error('it did not reject');
}
