import { Part, startAndStop, type Pass } from './part.ts';

/** Wiring as one would write it without a framework; the baseline of all ratios. */
export const pass: Pass = ({ dependencies }, ledger) => {
  const parts: Part[] = [];
  for (const [index, needs] of dependencies.entries()) {
    const values: Part[] = [];
    for (const each of needs) {
      const part = parts[each];
      if (part !== undefined) values.push(part);
    }
    parts.push(new Part(index, values, ledger));
  }
  startAndStop(ledger);
};
