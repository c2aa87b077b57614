import { globalOptions, type Command, type Options } from './command.ts';

type Rows = readonly (readonly [string, string])[];

/** What `cluster-agent` says of itself. */
export function overview(summaries: Rows): string {
  const usage = 'Usage: cluster-agent COMMAND [FLAGS]   (COMMAND --help says more)';
  return [usage, '', 'Commands:', table(summaries), '', 'Flags:', table(rowsOf(globalOptions))].join('\n');
}

/** What a command says of itself. */
export function helpOf(summary: string, { usage, options }: Command): string {
  const forms = usage.map((form, index) => `${index === 0 ? 'Usage: ' : '       '}cluster-agent ${form}`);
  return [
    ...forms,
    '',
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    '',
    'Flags:',
    table(rowsOf({ ...options, ...globalOptions })),
  ].join('\n');
}

function rowsOf(options: Options): Rows {
  return Object.entries(options).map(([name, { short, value, description }]) => {
    const flags = `${short === undefined ? '    ' : `-${short}, `}--${name}`;
    return [value === undefined ? flags : `${flags} ${value}`, description];
  });
}

/** Rows of columns, each as wide as it must be. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows.map((row) => `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()).join('\n');
}
