import { token } from '../../src/fx/index.ts';

export interface Diagnosis {
  readonly name: string;
  readonly result: 'success' | 'fail' | 'warning' | 'unexpected-error';
  readonly diagnosis: string;
  /** What to do about it. */
  readonly remediation?: string;
}

/** A suite of checks of what the agent depends on; contributed by the component that depends on it. */
export interface DiagnoseSuite {
  readonly name: string;
  run(signal: AbortSignal): Promise<readonly Diagnosis[]>;
}
/** A group: contribute with `provides: many(DiagnoseSuite)`. */
export const DiagnoseSuite = token<DiagnoseSuite>()('diagnose-suite');

/** What the suites found, as `POST /diagnose` answers it. */
export interface DiagnoseReport {
  readonly suites: readonly { readonly name: string; readonly diagnoses: readonly Diagnosis[] }[];
}
