import type { Setting } from '../components/config/index.ts';

/** Every key that the agent reads: the settings of each component, a line each. A custom agent adds its own. */
export const settings: readonly Setting[] = [].flatMap((each) => Object.values(each));
