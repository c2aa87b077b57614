import type { Pass } from './part.ts';

type Load = () => Promise<{ readonly pass: Pass }>;

/** The peers' packages may not be installed, so the compiler must not follow these imports. */
function peer(file: string): Load {
  return async () => {
    const loaded: { readonly pass: Pass } = await import(new URL(`../peers/${file}`, import.meta.url).href);
    return loaded;
  };
}

/**
 * Everything that is measured, by the name under which it is printed. Of what a peer offers, the form that is fastest here:
 * functions rather than decorated classes, singletons, asked for from the roots.
 */
export const subjects = {
  'by hand': () => import('./by-hand.ts'),
  armature: () => import('./armature.ts'),
  'armature, 8 at once': () => import('./armature-concurrent.ts'),
  inversify: peer('inversify.ts'),
  awilix: peer('awilix.ts'),
  tsyringe: peer('tsyringe.ts'),
  effect: peer('effect.ts'),
  nest: peer('nest.ts'),
} satisfies Record<string, Load>;

export type Subject = keyof typeof subjects;
