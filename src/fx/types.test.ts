import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile, generatedList } from '../../test/types/compile.ts';

const fixture = (name: string): string => readFileSync(new URL(`../../test/types/${name}.ts.txt`, import.meta.url), 'utf8');

/** The compiler's messages by line. */
function byLine(output: string): Map<number, string> {
  const messages = new Map<number, string>();
  for (const [, line = '', message = ''] of output.matchAll(/\.ts\((\d+),\d+\): (error [\s\S]*?)(?=\n\S|\n*$)/g)) {
    messages.set(Number(line), `${messages.get(Number(line)) ?? ''}${message}\n`);
  }
  return messages;
}

/** The lines below `// expect: a | b`, with what their messages must say. */
function expectations(source: string): Map<number, readonly string[]> {
  const lines = source.split('\n');
  return new Map(
    lines.flatMap((line, at) => (line.startsWith('// expect: ') ? [[at + 2, line.slice('// expect: '.length).split(' | ')] as const] : [])),
  );
}

describe('Complete', () => {
  it('lets complete lists compile', { timeout: 60_000 }, async () => {
    expect(await compile({ 'complete.ts': fixture('complete') })).toBe('');
  });

  it('refuses incomplete lists and wrong values, each where it is written, and names the missing keys', { timeout: 60_000 }, async () => {
    const source = fixture('incomplete');
    const messages = byLine(await compile({ 'incomplete.ts': source }));
    const expected = expectations(source);
    expect(expected.size).toBeGreaterThan(25);
    expect([...messages.keys()].toSorted((a, b) => a - b)).toEqual([...expected.keys()]);
    for (const [line, parts] of expected) {
      for (const part of parts) expect(messages.get(line), `line ${line}`).toContain(part);
    }
  });

  it.each([200, 1000])('lets a list of %i components compile', { timeout: 60_000 }, async (size) => {
    expect(await compile({ 'list.ts': generatedList(size) })).toBe('');
  });

  it('finds the one that is missing among 200', { timeout: 60_000 }, async () => {
    const source = generatedList(200).replace('c0, c1,', 'c1,');
    expect(await compile({ 'list.ts': source })).toContain(
      '"nothing in this list provides": "t0"'.replaceAll('"nothing in this list provides"', "'nothing in this list provides'"),
    );
  });
});
