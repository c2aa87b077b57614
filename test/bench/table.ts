import type { Row } from './bench.ts';

/** One JSON object, with null for what there is not. */
export function jsonLine(bench: string, row: Row): string {
  const { subject, unit, bar = null, pass = null, note } = row;
  const [value, ratio] = [rounded(row.value), rounded(row.ratio)];
  return JSON.stringify({ bench, case: row.case, subject, value, unit, ratio, bar, pass, note });
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toFixed(3));
}

/** The rows of one case, aligned, under its name. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ subject, value, unit, ratio, bar, pass, note }) => [
    subject,
    value === undefined ? '-' : `${figure(value)} ${unit}`,
    ratio === undefined ? '' : `${figure(ratio)} x`,
    bar ?? '',
    [verdict(pass), note].filter((text) => text !== undefined).join(' '),
  ]);
  const all = [[rows[0]?.case ?? '', 'median', 'ratio', 'bar', ''], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all.map((line) => aligned(line, widths)).join('\n');
}

function aligned(line: readonly string[], widths: readonly number[]): string {
  const [subject = '', value = '', ratio = '', bar = '', result = ''] = line;
  const [first = 0, second = 0, third = 0, fourth = 0] = widths;
  return [subject.padEnd(first), value.padStart(second), ratio.padStart(third), bar.padEnd(fourth), result].join('  ').trimEnd();
}

function verdict(pass: boolean | undefined): string | undefined {
  return pass === undefined ? undefined : pass ? 'pass' : 'MISSED';
}

/** Three digits are more than the noise leaves. */
function figure(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}
