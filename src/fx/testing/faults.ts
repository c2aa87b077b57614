import { Application } from '../app.ts';
import { replace, type Component, type List } from '../component.ts';
import { FxError, messageOf, type Code } from '../errors.ts';
import type { Node } from '../graph.ts';
import type { AppOptions } from '../life.ts';
import { append, isThenable, type Hook } from '../lifecycle.ts';
import { Place } from '../place.ts';
import { manualClock, turn, type ManualClock } from './clock.ts';
import { LeakWatch } from './leaks.ts';
import { fakeProcess } from './process.ts';

/** Every way in which a component can misbehave, and the code of the one error that must name it. */
const faults = {
  'create throws': 'FX_CREATE_FAILED',
  'start rejects': 'FX_START_FAILED',
  'start hangs': 'FX_START_TIMEOUT',
  'start settles late': 'FX_START_TIMEOUT',
  'stop rejects': 'FX_STOP_FAILED',
  'stop hangs': 'FX_STOP_TIMEOUT',
} as const satisfies Record<string, Code>;
type Fault = keyof typeof faults;

const hookTimeoutMs = 10_000;
const stopTimeoutMs = 60_000;

export interface FaultOptions extends Omit<AppOptions, 'clock' | 'process'> {
  readonly replace?: List;
}

/**
 * Runs every fault at every component that the list builds, in virtual time, and looks each time that exactly the started
 * components are stopped, in reverse; that one error names the culprit; that nothing is left open.
 *
 * @returns how many cases were run
 * @throws Error listing every case that went wrong
 */
export async function faultInject(list: List, options: FaultOptions = {}): Promise<number> {
  const { replace: fakes = [], ...appOptions } = options;
  const swapped = [...list, ...fakes.map((fake: Component) => replace(fake))];
  const { order, findings } = new Application(swapped, appOptions).plan();
  if (findings.length > 0) throw new Application(swapped, appOptions).error ?? new Error('the list cannot be planned');
  const problems: string[] = [];
  let cases = 0;
  for (const { component, onFailure } of order) {
    for (const fault of Object.keys(faults) as Fault[]) {
      cases += 1;
      const found = await new Case(swapped, appOptions, { component, fault, mayFail: onFailure === 'continue' }).run();
      problems.push(...found.map((problem) => `${component}, ${fault}: ${problem}`));
    }
  }
  if (problems.length > 0) throw new Error(`${problems.length} of ${cases} faults were not handled:\n${problems.join('\n')}`);
  return cases;
}

interface Victim {
  readonly component: string;
  readonly fault: Fault;
  readonly mayFail: boolean;
}

class Case {
  readonly #victim: Victim;
  readonly #app: Application;
  readonly #clock: ManualClock = manualClock();
  readonly #watch = new LeakWatch();
  readonly #started: string[] = [];
  readonly #stopped: string[] = [];
  readonly #lateStart = Promise.withResolvers<void>();
  readonly #problems: string[] = [];

  constructor(list: List, options: AppOptions, victim: Victim) {
    this.#victim = victim;
    this.#app = new Application(list, {
      hookTimeoutMs,
      stopTimeoutMs,
      ...options,
      clock: this.#clock,
      process: fakeProcess(),
      intercept: this.#intercept,
    });
  }

  async run(): Promise<readonly string[]> {
    const { fault, mayFail } = this.#victim;
    const startError = await this.#settle(() => this.#app.start());
    const shouldStart = mayFail || fault === 'stop rejects' || fault === 'stop hangs';
    if (shouldStart) this.#expect(startError === undefined, `the start failed: ${messageOf(startError)}`);
    else this.#expectBlame(startError);
    if (fault === 'start settles late') {
      this.#lateStart.resolve();
      await turn();
      this.#expect(this.#stopped.includes(this.#victim.component), 'it started late and was not stopped');
    }
    const stopError = await this.#settle(() => this.#app.stop());
    if (fault === 'stop rejects' || fault === 'stop hangs') this.#expectBlame(stopError);
    else this.#expect(stopError === undefined, `the stop failed: ${messageOf(stopError)}`);
    this.#expectOrder();
    await this.#watch.end().catch((error: unknown) => this.#problems.push(messageOf(error)));
    return this.#problems;
  }

  /** Appends a hook behind the component's own, which keeps the record and is what goes wrong. */
  readonly #intercept = (node: Node): void => {
    const { create } = node;
    const { component, fault } = this.#victim;
    const isVictim = node.label === component;
    const probe = this.#probe(node, isVictim ? fault : undefined);
    node.create = (needs) => {
      if (isVictim && fault === 'create throws') throw new Error('injected');
      const made = create(needs);
      if (isThenable(made)) return made.then((value) => probe(value));
      return probe(made);
    };
  };

  #probe(node: Node, fault: Fault | undefined): (value: unknown) => unknown {
    const hook: Hook = { name: 'probe', start: () => this.#start(node.label, fault), stop: () => this.#stop(node.label, fault) };
    return (value) => {
      append(node, hook, new Place(faultInject));
      return value;
    };
  }

  #start(label: string, fault: Fault | undefined): unknown {
    if (fault === 'start rejects') return Promise.reject(new Error('injected'));
    if (fault === 'start hangs') return this.#hang(hookTimeoutMs);
    if (fault === 'start settles late') {
      void this.#hang(hookTimeoutMs);
      return this.#lateStart.promise;
    }
    this.#started.push(label);
    return undefined;
  }

  #stop(label: string, fault: Fault | undefined): unknown {
    this.#stopped.push(label);
    if (fault === 'stop rejects') return Promise.reject(new Error('injected'));
    return fault === 'stop hangs' ? this.#hang(stopTimeoutMs) : undefined;
  }

  /** Never settles; time passes as soon as somebody has begun to wait for it. */
  #hang(ms: number): Promise<never> {
    void turn().then(() => this.#clock.advance(ms));
    return new Promise(() => {});
  }

  async #settle(call: () => Promise<void>): Promise<unknown> {
    try {
      await this.#watch.inside(call);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #expectBlame(error: unknown): void {
    const { component, fault } = this.#victim;
    const finding = error instanceof FxError ? error.findings[0] : undefined;
    this.#expect(finding !== undefined, `no error names it, but ${messageOf(error)}`);
    this.#expect(error instanceof FxError && error.findings.length === 1, `more than one thing is blamed: ${messageOf(error)}`);
    this.#expect(finding?.component === component, `${finding?.component} is blamed instead`);
    this.#expect(finding?.code === faults[fault], `the code is ${finding?.code}, not ${faults[fault]}`);
  }

  #expectOrder(): void {
    const others = (labels: readonly string[]): string[] => labels.filter((label) => label !== this.#victim.component);
    const [started, stopped] = [others(this.#started).toReversed().join(', '), others(this.#stopped).join(', ')];
    this.#expect(started === stopped, `stopped were [${stopped}], but it should have been [${started}]`);
  }

  #expect(holds: boolean, problem: string): void {
    if (!holds) this.#problems.push(problem);
  }
}
