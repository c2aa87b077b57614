import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import { Part, type Pass } from '../fx/part.ts';

/** Layers refer to layers, so they are declared in dependency order whatever the list's. */
export const pass: Pass = async ({ dependencies, roots }, ledger) => {
  const tags = dependencies.map((_, index) => Context.Service<Part>(`part-${index}`));
  const layers: Layer.Layer<Part, never, Part>[] = [];
  for (const [index, needs] of dependencies.entries()) {
    const create = Effect.gen(function* () {
      const values: Part[] = [];
      for (const each of needs) values.push(yield* tags[each]);
      const acquire = Effect.sync(() => {
        const part = new Part(index, values, ledger);
        part.start();
        return part;
      });
      return yield* Effect.acquireRelease(acquire, (part) => Effect.sync(() => part.stop()));
    });
    const layer = Layer.effect(tags[index], create);
    const [first, ...others] = needs.map((each) => layers[each]);
    layers.push(first === undefined ? layer : Layer.provide(layer, [first, ...others]));
  }
  const [first, ...others] = roots.map((index) => layers[index]);
  await Effect.runPromise(Effect.scoped(Layer.build(Layer.mergeAll(first, ...others))) as Effect.Effect<unknown>);
};
