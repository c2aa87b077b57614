import type { DiagnoseReport, DiagnoseSuite, Diagnosis } from './index.ts';

/** Runs all suites at the same time; one that throws is a diagnosis too. */
export async function runSuites(suites: readonly DiagnoseSuite[], signal: AbortSignal): Promise<DiagnoseReport> {
  const run = async (suite: DiagnoseSuite): Promise<readonly Diagnosis[]> => {
    try {
      return await suite.run(signal);
    } catch (error) {
      return [{ name: suite.name, result: 'unexpected-error', diagnosis: error instanceof Error ? error.message : String(error) }];
    }
  };
  return { suites: await Promise.all(suites.map(async (each) => ({ name: each.name, diagnoses: await run(each) }))) };
}
