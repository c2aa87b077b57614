import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { recordingLog } from '../log/fake.ts';
import { InformerHandlers } from './informer-handlers.ts';

interface Named {
  readonly name: string;
  readonly change: number;
}

/** A cache, and what its handlers take it to be. */
class Model {
  readonly held = new Map<string, Named>();
  readonly mirrors: Map<string, Named>[] = [];
  readonly surprises: string[] = [];
  readonly #handlers: InformerHandlers<Named>;

  constructor() {
    let ms = 0;
    // Each look at the clock takes as long as a slice lasts.
    const clock = { ...manualClock(), monotonic: () => (ms += 2) };
    this.#handlers = new InformerHandlers({ resource: 'pods', clock, log: recordingLog() });
  }

  put(name: string, change: number): void {
    const object = { name, change };
    const previous = this.held.get(name);
    this.held.set(name, object);
    this.#handlers.tell(name, previous ? { kind: 'updated', object, previous } : { kind: 'added', object, isInInitialList: false });
  }

  remove(name: string): void {
    const object = this.held.get(name);
    this.held.delete(name);
    if (object !== undefined) this.#handlers.tell(name, { kind: 'deleted', object, isFinalStateUnknown: false });
  }

  handle(): void {
    const mirror = new Map<string, Named>();
    const replace = (known: Named | undefined, { name }: Named, next: Named | undefined): void => {
      if (mirror.get(name) !== known) this.surprises.push(`${name} was ${mirror.get(name)?.change}, not ${known?.change}`);
      if (next === undefined) mirror.delete(name);
      else mirror.set(name, next);
    };
    this.mirrors.push(mirror);
    this.#handlers.add(
      {
        added: (object) => replace(undefined, object, object),
        updated: (object, previous) => replace(previous, object, object),
        deleted: (object) => replace(object, object, undefined),
      },
      Array.from(this.held, ([key, object]) => ({ key, object, version: '', list: 0 })),
    );
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const step = fc.record({ kind: fc.constantFrom('put', 'put', 'remove', 'handle', 'turn'), name: fc.nat({ max: 299 }).map(String) });

it('a handler knows what there is, whenever it comes, and is told of everything once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300, size: 'max' }), async (steps) => {
      const model = new Model();
      for (let name = 0; name < 300; name += 1) model.put(`${name}`, -1);
      for (const [change, { kind, name }] of steps.entries()) {
        if (kind === 'put') model.put(name, change);
        else if (kind === 'remove') model.remove(name);
        else if (kind === 'handle') model.handle();
        else await turn();
      }
      // In slices of 64: five for what there was, as many again for what has happened since.
      for (let turns = 0; turns < 12; turns += 1) await turn();
      expect(model.surprises).toEqual([]);
      for (const mirror of model.mirrors) expect(mirror).toEqual(model.held);
    }),
    { numRuns: 30 },
  );
});
