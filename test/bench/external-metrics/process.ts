import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What another process can be asked to do, by name. Arguments and results travel as JSON. */
export type Services = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The same from the other side. */
export type Remote<S extends Services> = {
  readonly [K in keyof S]: (...args: Parameters<S[K]>) => Promise<Awaited<ReturnType<S[K]>>>;
};

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly never[];
}
interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: string;
}

/** A part of the bench in a process of its own. */
export interface Part<S extends Services> extends AsyncDisposable {
  readonly ask: Remote<S>;
}

/** For what is not to be measured: so much room for the young that collecting them holds up nothing. */
export const besides: readonly string[] = ['--max-semi-space-size=64'];

/** Starts a program that serves its parent, with these flags of Node, and waits until it does. */
export async function startPart<S extends Services>(program: string, options: object, flags: readonly string[] = []): Promise<Part<S>> {
  const child = fork(fileURLToPath(program), [JSON.stringify(options)], { execArgv: [...flags] });
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error(`${program} ended at once`)))]);
  let calls = 0;
  const call = (name: string, args: readonly unknown[]): Promise<unknown> => {
    calls += 1;
    const id = calls;
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error(`${program} ended while it was asked to ${name}`));
      const hear = (reply: Reply): void => {
        if (reply.id !== id) return;
        child.off('message', hear).off('exit', gone);
        if (reply.failure === undefined) resolve(reply.result);
        else reject(new Error(`${name}: ${reply.failure}`));
      };
      child.on('message', hear).once('exit', gone);
      child.send({ id, name, args });
    });
  };
  const ask = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: unknown[]) =>
          call(String(name), args),
    },
  ) as Remote<S>;
  return { ask, [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Does what the parent asks for, until the parent is gone. */
export function serveParent(services: Services): void {
  process.on('message', ({ id, name, args }: Call) => {
    void (async () => services[name]?.(...args))().then(
      (result) => process.send?.({ id, result } satisfies Reply),
      (error: unknown) => process.send?.({ id, failure: error instanceof Error ? error.message : String(error) } satisfies Reply),
    );
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}
