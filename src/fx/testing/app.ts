import { Application } from '../app.ts';
import { invoke, replace, type Complete, type Component, type KeysOf, type List, type Needs, type Requirements } from '../component.ts';
import { messageOf } from '../errors.ts';
import type { AppOptions } from '../life.ts';
import { LeakWatch } from './leaks.ts';

export interface TestOptions<R extends Requirements, F extends List> extends AppOptions {
  /** Each takes the place of what the list provides for the same token. */
  readonly replace?: F;
  /** What the test wants to get hold of. */
  readonly requires?: R;
}

/** A started app in a test. With `await using` it is stopped, and its leaks are looked for, at the end of the block. */
export interface TestedApp<R extends Requirements> extends AsyncDisposable {
  readonly app: Application;
  readonly needs: Needs<R>;
  /** Stops it. @throws Error when it does not stop cleanly, or leaves timers, sockets, handles or listeners behind */
  stop(): Promise<void>;
}

/**
 * Starts a list, or the part of it that `requires` needs, with some components replaced.
 *
 * @throws Error with the app's error as cause when it does not start cleanly
 */
export async function testApp<
  const L extends List,
  const R extends Requirements = Record<never, never>,
  const F extends List = readonly [],
>(list: L & Complete<L, KeysOf<R>>, options: TestOptions<R, F> = {}): Promise<TestedApp<R>> {
  const { replace: fakes = [], requires = {} as R, ...appOptions } = options;
  const watch = new LeakWatch();
  let needs: Needs<R> | undefined;
  const request = (given: Needs<R>): void => void (needs = given);
  const app = new Application([...list, ...fakes.map((fake: Component) => replace(fake)), invoke(requires, request)], appOptions);
  try {
    await watch.inside(() => app.start());
  } catch (error) {
    await watch.end().catch(() => {});
    throw new Error(`application didn't start cleanly: ${messageOf(error)}`, { cause: error });
  }
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    try {
      await watch.inside(() => app.stop());
    } catch (error) {
      throw new Error(`application didn't stop cleanly: ${messageOf(error)}`, { cause: error });
    } finally {
      await watch.end();
    }
  };
  const stopOnce = (): Promise<void> => (stopping ??= stop());
  return { app, needs: needs as Needs<R>, stop: stopOnce, [Symbol.asyncDispose]: stopOnce };
}
