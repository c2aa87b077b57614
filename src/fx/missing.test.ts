import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Unproved } from '../../test/support.ts';
import { app, component, decorate, many, module, optional, supply, token, type Component, type Token } from './index.ts';
import { isToken } from './token.ts';

const Tagger = token<string>()('tagger');
const tagger = component({ provides: Tagger, create: () => '' });
const asking = (wanted: Token): Unproved => [component({ name: 'asking', requires: { it: wanted }, create: () => undefined })];

const settings = { settings: (key: string) => (key === 'on' ? true : undefined) };
const fixes = (list: Unproved): string[] =>
  app(list, settings)
    .validate()
    .map(({ fix }) => fix);

describe('missing', () => {
  it.each(['taggr', 'tager', 'Tagger', 'tagge', 'TAG-GER', 'tagger_'])('asks whether tagger was meant by %s', (key) => {
    expect(fixes([tagger, ...asking(token<string>()(key))])[0]).toMatch(/^did you mean "tagger"\?;/);
  });

  it.each(['log', 'tracer', 'workloadmeta'])('does not take %s for tagger', (key) => {
    expect(fixes([tagger, ...asking(token<string>()(key))])[0]).not.toContain('did you mean');
  });

  it('names several near keys in alphabetical order', () => {
    const near = ['store-b', 'store-a'].map((key) => component({ provides: token<string>()(key), create: () => '' }));
    expect(fixes([...near, ...asking(token<string>()('store-c'))])[0]).toMatch(/^did you mean "store-a", or "store-b"\?;/);
  });

  it('says that another token has the same key', () => {
    const [clash, fix] = fixes([tagger, ...asking(token<string>()('tagger'))]);
    expect([clash, fix].join()).toContain('did you mean the other token "tagger"?');
  });

  it('points to an implementation that is private', () => {
    const list = [
      module('inner', [component({ name: 'user', requires: { it: Tagger }, create: () => undefined })], { private: [tagger] }),
      ...asking(Tagger),
    ];
    expect(fixes(list)).toHaveLength(1);
    expect(fixes(list)[0]).toMatch(/^tagger provides it, but privately, in module inner: list it outside "private";/);
  });

  it('points to an implementation that its condition, or that of its module, keeps out', () => {
    const off = component({ provides: Tagger, when: 'tagger.enabled', create: () => '' });
    const why = 'tagger provides it, but is off because setting "tagger.enabled" is not set, it must be on;';
    expect(fixes([off, ...asking(Tagger)])[0]?.startsWith(why)).toBe(true);
    expect(fixes([module('inner', [tagger], { when: 'tagger.enabled' }), ...asking(Tagger)])[0]?.startsWith(why)).toBe(true);
  });

  it('points to a group of the same token', () => {
    const member = component({ name: 'member', provides: many(Tagger), create: () => '' });
    expect(fixes([member, ...asking(Tagger)])[0]).toMatch(/^member contributes it to a group: require many\(\.\.\.\);/);
  });

  it('does not suggest a decorator', () => {
    const wrapped = decorate({ provides: Tagger, requires: { tagger: Tagger }, create: (needs) => needs.tagger });
    for (const fix of fixes([wrapped, ...asking(Tagger)])) expect(fix).not.toContain('provides it');
  });

  it('finds nothing wrong with what is optional, or a group without members', () => {
    expect(fixes([component({ name: 'easy', requires: { one: optional(Tagger), all: many(Tagger) }, create: () => undefined })])).toEqual(
      [],
    );
  });

  it('names the property and everyone who asks', () => {
    const findings = app([
      ...asking(Tagger),
      component({ name: 'other', requires: { tags: Tagger }, create: () => undefined }),
    ] as Unproved).validate();
    expect(findings.map(({ wantedBy }) => wantedBy)).toEqual(['asking, as "it"', 'other, as "tags"']);
  });
});

describe('missing: the files beside the definition', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fx-missing-'));
  const source = (key: string): string =>
    `import { token } from ${JSON.stringify(new URL('token.ts', import.meta.url).href)};\nexport const It = token()(${JSON.stringify(key)});\n`;

  beforeAll(() => {
    mkdirSync(join(folder, 'log'));
    for (const file of ['winston.ts', 'fake.ts', 'winston.test.ts', 'README.md', 'types.d.ts'])
      writeFileSync(join(folder, 'log', file), '');
    writeFileSync(join(folder, 'log', 'index.ts'), source('log'));
    mkdirSync(join(folder, 'bare'));
    writeFileSync(join(folder, 'bare', 'index.ts'), source('bare'));
    writeFileSync(join(folder, 'lonely.ts'), source('lonely'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const load = async (file: string): Promise<Token> => {
    const { It } = (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as { readonly It: unknown };
    if (!isToken(It)) throw new Error('no token');
    return It;
  };

  it('lists implementations and fakes, but no tests, types or other files', async () => {
    expect(fixes(asking(await load('log/index.ts')))).toEqual([
      `add a component that provides "log" (the token is made at ${join(folder, 'log/index.ts')}:2; beside its definition are fake.ts (for tests), winston.ts); or take it with optional(), or remove asking`,
    ]);
  });

  it.each(['bare/index.ts', 'lonely.ts'])(
    'says where the token is made when nothing stands beside it, or it is no definition (%s)',
    async (file) => {
      const [fix] = fixes(asking(await load(file)));
      expect(fix).toBe(
        `add a component that provides "${file.replace(/\W.*/, '')}" (the token is made at ${join(folder, file)}:2); or take it with optional(), or remove asking`,
      );
    },
  );

  it('still says what is missing once the folder is gone', async () => {
    const wanted = await load('log/index.ts');
    rmSync(join(folder, 'log'), { recursive: true });
    expect(fixes(asking(wanted))[0]).toBe(
      `add a component that provides "log" (the token is made at ${join(folder, 'log/index.ts')}:2); or take it with optional(), or remove asking`,
    );
  });
});

describe('missing: a private implementation', () => {
  it('is not taken for another token of the same key', () => {
    const Hidden = token<string>()('hidden');
    const keeper = module('keeper', [], { private: [supply(Hidden, 'x')] });
    const seeker = component({ name: 'asking', requires: { hidden: Hidden }, create: () => undefined });
    const [finding] = app([keeper, seeker] as Component[]).validate();
    expect(finding?.fix).toContain('privately, in module keeper');
    expect(finding?.fix).not.toContain('did you mean');
  });
});
