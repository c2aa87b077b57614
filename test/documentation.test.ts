import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codes } from '../src/fx/errors.ts';
import * as fx from '../src/fx/index.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

describe('src/fx/README.md', () => {
  const page = read('src/fx/README.md');

  it('lists every error code with its meaning', () => {
    const table = /<!-- codes -->\n([\s\S]*?)<!-- \/codes -->/.exec(page)?.[1] ?? '';
    const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
    expect(table).toBe(['| code | meaning |', '|---|---|', ...rows, ''].join('\n'));
  });

  it('mentions every public value', () => {
    expect(Object.keys(fx).filter((name) => !page.includes(name))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const links = [...page.matchAll(/\]\((\.\.[^)#]+)\)/g)].map(([, link]) => join('src/fx', link ?? ''));
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(() => readFileSync(join(import.meta.dirname, '..', link)), link).not.toThrow(/ENOENT/);
  });
});
