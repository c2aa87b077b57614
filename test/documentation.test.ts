import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configOf } from '../components/config/fake.ts';
import { planClusterAgent } from '../src/cluster-agent.ts';
import { codes } from '../src/fx/errors.ts';
import * as fx from '../src/fx/index.ts';
import { everything, startDiagram } from './startup-flow.ts';

const linksIn = (page: string): string[] => [...page.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);

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

describe('README.md', () => {
  const page = read('README.md');

  it('fits on a page or three', () => {
    expect(page.split('\n').length).toBeLessThanOrEqual(150);
  });

  it('draws the start as it is planned', () => {
    const drawn = /<!-- start -->\n```mermaid\n([\s\S]*?)```\n<!-- \/start -->/.exec(page)?.[1];
    expect(drawn).toBe(startDiagram(planClusterAgent(configOf(everything)).plan()));
  });

  it('links only to what exists', () => {
    const links = linksIn(page);
    expect(links.length).toBeGreaterThan(15);
    expect(links.filter((link) => !existsSync(join(import.meta.dirname, '..', link)))).toEqual([]);
  });

  it('names only commands that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...page.matchAll(/npm (?:run (?:-s )?)?([\w:]+)/g)].map(([, name = '']) => name).filter((name) => name !== 'ci');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
