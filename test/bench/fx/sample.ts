import { complaint, Ledger, makeGraph, type GraphOptions } from './part.ts';
import { subjects, type Subject } from './subjects.ts';

/** What one process is to measure, as JSON in its first argument. */
export interface SampleOptions extends GraphOptions {
  readonly subject: Subject;
}
/** What it prints. */
export type Sample = { readonly ms: number } | { readonly failed: string };

async function sample({ subject, ...options }: SampleOptions): Promise<Sample> {
  const { pass } = await subjects[subject]();
  const graph = makeGraph(options);
  const ledger = new Ledger();
  const begun = performance.now();
  try {
    await pass(graph, ledger);
  } catch (error) {
    return { failed: String(error).split('\n', 1)[0]?.slice(0, 100) ?? '' };
  }
  const ms = performance.now() - begun;
  const failed = complaint(graph, ledger);
  return failed === undefined ? { ms } : { failed };
}

const [, , asked = ''] = process.argv;
const options: SampleOptions = JSON.parse(asked);
process.stdout.write(JSON.stringify(await sample(options)));
