import { token } from '../../src/fx/index.ts';

/** Chance as a component, so that tests decide it. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
}
export const Random = token<Random>()('random');
