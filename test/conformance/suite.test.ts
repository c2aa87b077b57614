import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ids } from './ids.ts';

/** Where the deliberate deviations are listed, each in a table row that begins with its ID. */
const deviationsFile = new URL('../../src/fx/README.md', import.meta.url);
const here = new URL('.', import.meta.url);

const title = /\bit\(\s*['"`]([A-Z]\d\d) (\[deviation\] )?/g;

function titles(): readonly { readonly id: string; readonly deviates: boolean }[] {
  const files = readdirSync(here).filter((name) => name.endsWith('.test.ts') && !import.meta.url.endsWith(`/${name}`));
  return files.flatMap((name) =>
    [...readFileSync(new URL(name, here), 'utf8').matchAll(title)].map(([, id = '', mark]) => ({ id, deviates: mark !== undefined })),
  );
}

function listedDeviations(): readonly string[] {
  const [, section = ''] = readFileSync(deviationsFile, 'utf8').split('## Deviations from fx\n');
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| ([A-Z]\d\d) \|/gm)].map(([, id = '']) => id);
}

describe('the conformance suite', () => {
  it('has exactly one test for every row of the list', () => {
    expect(
      titles()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(ids.toSorted());
  });

  it('marks as deviations exactly those rows that the documentation explains', () => {
    const marked = titles().filter(({ deviates }) => deviates);
    expect(marked.map(({ id }) => id).toSorted()).toEqual(listedDeviations().toSorted());
  });
});
