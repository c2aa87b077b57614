import { component } from '../../src/fx/index.ts';
import { Random } from './index.ts';

/** Chance as the JavaScript engine gives it: good for jitter, not for secrets. */
export const systemRandom = component({ provides: Random, create: () => ({ next: () => Math.random() }) });
