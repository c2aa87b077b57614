import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { errorOf, type Finding } from '../errors.ts';

/**
 * What keeps a process alive or open, by the names that Node gives async resources. TLS sockets show as the TCP sockets under them: Node
 * tells of the end of their own part only when that is collected.
 */
const kinds: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  TCPSERVERWRAP: 'listening TCP socket',
  TCPWRAP: 'TCP socket',
  PIPESERVERWRAP: 'listening pipe',
  PIPEWRAP: 'pipe',
  UDPWRAP: 'UDP socket',
  FSEVENTWRAP: 'file watcher',
  STATWATCHER: 'file watcher',
  PROCESSWRAP: 'child process',
  WORKER: 'worker',
  MESSAGEPORT: 'message port',
};

interface Resource {
  readonly kind: string;
  readonly stack: string;
  readonly resource: { readonly hasRef?: () => boolean };
}

interface Listener {
  readonly name: string | symbol;
  readonly listener: (...args: never[]) => void;
  readonly stack: string;
}

/** Closing takes a socket some turns of the event loop, and what another process does with it some milliseconds of real time. */
const patienceMs = 500;
/** On a machine with much else to do, a single turn may take all that time. */
const turnsMin = 50;

/**
 * Watches what is opened by everything that runs inside {@link LeakWatch.inside}, and by all that follows from it, however
 * much later. Resources of the test itself, or of its runner, are not its business.
 */
export class LeakWatch {
  /** One listener of ours serves them all: the process warns of more than ten, and a test may have more apps open. */
  static readonly #watching = new Set<LeakWatch>();
  static readonly #added = (name: Listener['name'], listener: Listener['listener']): void => {
    for (const watch of LeakWatch.#watching)
      if (watch.#inside.getStore() === watch) watch.#listeners.push({ name, listener, stack: new Error('added here').stack ?? '' });
  };

  readonly #inside = new AsyncLocalStorage<LeakWatch>();
  readonly #open = new Map<number, Resource>();
  /** Those of the process. */
  readonly #listeners: Listener[] = [];
  readonly #hook = createHook({
    init: (...[id, type, , resource]) => {
      const kind = kinds[type];
      if (kind === undefined || this.#inside.getStore() !== this) return;
      this.#open.set(id, { kind, stack: new Error('opened here').stack ?? '', resource });
    },
    destroy: (id) => this.#open.delete(id),
  }).enable();

  constructor() {
    if (LeakWatch.#watching.size === 0) process.on('newListener', LeakWatch.#added);
    LeakWatch.#watching.add(this);
  }

  inside<T>(call: () => T): T {
    return this.#inside.run(this, call);
  }

  /** Ends the watch. @throws FxError `FX_LEAK` with one finding for each thing that is still open */
  async end(): Promise<void> {
    const giveUpAt = performance.now() + patienceMs;
    for (let turns = 0; this.#leaks().length > 0 && (turns < turnsMin || performance.now() < giveUpAt); turns += 1)
      await new Promise((resolve) => void setTimeout(resolve, 5));
    this.#hook.disable();
    LeakWatch.#watching.delete(this);
    if (LeakWatch.#watching.size === 0) process.off('newListener', LeakWatch.#added);
    const error = errorOf(this.#leaks());
    if (error !== undefined) throw error;
  }

  #leaks(): Finding[] {
    const open = [...this.#open.values()].filter(({ resource }) => resource.hasRef?.() ?? true);
    const emitter: NodeJS.EventEmitter = process;
    const listeners = this.#listeners.filter(({ name, listener }) => emitter.listeners(name).some((each) => each === listener));
    return [
      ...open.map(({ kind, stack }): Finding => ({
        code: 'FX_LEAK',
        message: `a ${kind} is still open after the stop`,
        place: ownFrames(stack),
        fix: 'close it in the stop of the hook whose start opened it',
      })),
      ...listeners.map(({ name, stack }): Finding => ({
        code: 'FX_LEAK',
        message: `the process still listens to "${String(name)}" after the stop`,
        place: ownFrames(stack),
        fix: 'remove the listener in the stop of the hook whose start added it',
      })),
    ];
  }
}

/** The frames of the code that opened it, without Node's own and ours. */
function ownFrames(stack: string): string {
  const frames = stack
    .split('\n')
    .slice(2)
    .map((line) => line.trim().replace(/^at /, ''));
  const own = frames.filter((frame) => !/node:|\/fx\/(testing\/)?[a-z]+\.[jt]s:/.test(frame));
  return own.slice(0, 3).join(' <- ') || 'unknown place';
}
