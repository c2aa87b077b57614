import { KubernetesError, type KubeObject, type KubernetesClient, type Target } from '../../components/kubernetes/index.ts';
import type { Dice, Machine, World } from './world.ts';

/** One object, as the API server keeps it: every write has the next resourceVersion, and must name the one that it replaces. */
export class Store {
  object: KubeObject | undefined;
  #revision = 0;

  get(): KubeObject {
    if (this.object === undefined) throw new KubernetesError('not found', { code: 404, reason: 'NotFound' });
    return this.object;
  }

  create(object: KubeObject): KubeObject {
    if (this.object !== undefined) throw new KubernetesError('already exists', { code: 409, reason: 'AlreadyExists' });
    return this.#put(object);
  }

  replace(object: KubeObject): KubeObject {
    const { metadata } = this.get();
    const { resourceVersion } = object.metadata;
    const isStale = resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion;
    if (isStale) throw new KubernetesError('the object has been modified', { code: 409, reason: 'Conflict' });
    return this.#put(object);
  }

  #put(object: KubeObject): KubeObject {
    this.#revision += 1;
    this.object = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    return this.object;
  }
}

/** What becomes of a request. */
export type Fate =
  | 'answered'
  /** 429, 500 or a conflict that is none; nothing is written. */
  | 'refused'
  /** An error answer although it is written. */
  | 'written-but-500'
  /** It is written, and the answer never comes. */
  | 'answer-lost'
  /** It never arrives. */
  | 'lost'
  /** It arrives when nobody waits for it any more. */
  | 'late';

export interface Weather {
  readonly world: World;
  readonly dice: Dice;
  /** The share of requests that go wrong. */
  readonly trouble: () => number;
  readonly isCutOff: () => boolean;
  /** Milliseconds of true time after which everything arrives at once. */
  readonly calmAfter: number;
  readonly count: (fate: Fate) => void;
}

const refusals = [
  { code: 429, reason: 'TooManyRequests' },
  { code: 500, reason: 'InternalError' },
  { code: 409, reason: 'Conflict' },
] as const;

/** A machine's way to the store, through weather. Nobody can take back a request that is sent: aborting only stops the waiting. */
export function clientOf(store: Store, machine: Machine, weather: Weather): Pick<KubernetesClient, 'get' | 'create' | 'replace'> {
  const { world, dice } = weather;
  const delay = (ms: number): number => Math.min(world.now + ms, Math.max(world.now + 50, weather.calmAfter));

  const send = (handle: () => KubeObject): Promise<KubeObject> =>
    new Promise((resolve, reject) => {
      const fate = fateOf(weather);
      weather.count(fate);
      if (fate === 'lost') return;
      const arrival = delay(fate === 'late' ? dice.between(1000, 90_000) : dice.between(1, 50));
      world.at(arrival, () => {
        const answer = fate === 'refused' ? refusing(dice) : attempt(handle);
        if (fate === 'answer-lost') return;
        const shown =
          fate === 'written-but-500' ? { error: new KubernetesError('internal', { code: 500, reason: 'InternalError' }) } : answer;
        const back = delay(dice.chance(0.05) ? dice.between(50, 10_000) : dice.between(1, 50));
        world.at(back, () => machine.answer(() => ('error' in shown ? reject(shown.error) : resolve(shown.object))));
      });
    });

  return {
    get: <T>(_target: Target) => send(() => store.get()) as Promise<T>,
    create: <T>(_where: unknown, object: unknown) => send(() => store.create(object as KubeObject)) as Promise<T>,
    replace: <T>(_target: Target, object: unknown) => send(() => store.replace(object as KubeObject)) as Promise<T>,
  };
}

function fateOf({ dice, isCutOff, trouble }: Weather): Fate {
  if (isCutOff()) return dice.pick<Fate>('lost', 'lost', 'answer-lost');
  if (!dice.chance(trouble())) return 'answered';
  return dice.pick<Fate>('refused', 'refused', 'written-but-500', 'answer-lost', 'lost', 'late');
}

function refusing(dice: Dice): { readonly error: Error } {
  const refusal = dice.pick<(typeof refusals)[number]>(...refusals);
  return { error: new KubernetesError(refusal.reason, refusal) };
}

function attempt(handle: () => KubeObject): { readonly object: KubeObject } | { readonly error: Error } {
  try {
    return { object: handle() };
  } catch (error) {
    return { error: error as Error };
  }
}
