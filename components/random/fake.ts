import { supply } from '../../src/fx/index.ts';
import { Random } from './index.ts';

/** Chance that is always the same. @param value at least 0, less than 1 */
export const fakeRandom = (value = 0.5) => supply(Random, { next: () => value });
