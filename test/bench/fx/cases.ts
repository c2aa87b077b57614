import type { GraphOptions } from './part.ts';
import type { Subject } from './subjects.ts';

export interface Case {
  readonly name: string;
  readonly graph: Omit<GraphOptions, 'seed'>;
  readonly subjects: readonly Subject[];
  /** Peers that cannot do this size, and why. */
  readonly without?: Readonly<Partial<Record<Subject, string>>>;
  readonly limits?: readonly Limit[];
}

/** What the framework must keep to. */
export type Limit =
  /** A comparison of medians: the first over the second. */
  | { readonly kind: 'at most' | 'at least'; readonly of: readonly [Subject, Subject]; readonly times: number }
  | { readonly kind: 'below'; readonly ms: number }
  /** Shown, never missed: what uber-go/fx needs for as many components, compiled Go, hooks included. */
  | { readonly kind: 'mark'; readonly ms: number };

const everyone: readonly Subject[] = ['by hand', 'armature', 'inversify', 'awilix', 'tsyringe', 'effect', 'nest'];

const faster: readonly Limit[] = [
  { kind: 'at most', of: ['armature', 'inversify'], times: 1 },
  { kind: 'at least', of: ['effect', 'armature'], times: 3 },
  { kind: 'at least', of: ['nest', 'armature'], times: 3 },
];

function dag(size: number): Case['graph'] {
  return { shape: 'dag', size, isShuffled: false };
}

export const cases: readonly Case[] = [
  { name: 'dag-10', graph: dag(10), subjects: everyone },
  { name: 'dag-100', graph: dag(100), subjects: everyone, limits: [{ kind: 'mark', ms: 3.5 }] },
  { name: 'dag-1000', graph: dag(1000), subjects: everyone, limits: [...faster, { kind: 'mark', ms: 60 }] },
  { name: 'dag-10000', graph: dag(10_000), subjects: everyone, without: { nest: 'quadratic: about 40 s for one sample' } },
  { name: 'dag-1000-shuffled', graph: { ...dag(1000), isShuffled: true }, subjects: everyone },
  { name: 'dag-1000-concurrent', graph: dag(1000), subjects: ['by hand', 'armature', 'armature, 8 at once', 'effect', 'nest'] },
  {
    name: 'chain-10000',
    graph: { shape: 'chain', size: 10_000, isShuffled: false },
    subjects: everyone,
    without: { nest: 'overflows the stack, after about 40 s' },
    limits: [{ kind: 'below', ms: 1000 }],
  },
];
