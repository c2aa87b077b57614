import type { Setting } from './setting.ts';

/** Variables that begin with `DD_` and set no key. */
export const variablesThatAreNoKeys: readonly string[] = ['DD_FX_START_TIMEOUT_SECONDS', 'DD_FX_STOP_TIMEOUT_SECONDS', 'DD_POD_NAME'];

/** Keys that the Go agent, its Helm chart and its operator know, and that nothing here reads. */
export const unusedSettings: readonly Setting[] = [];
