import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { topologicalOrder } from '../src/fx/order.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Source {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
  /** Without comments and the inside of strings: the lines that count. */
  readonly code: readonly string[];
  /** Packages as written, files of the project by their path; types count, but for circles, because they are erased. */
  readonly imports: readonly string[];
  readonly importsOfValues: readonly string[];
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((each) => join(folder, each))
      .filter((path) => path.endsWith('.ts') && !/(^|\/)(node_modules|generated|peers)\//.test(path))
      .toSorted();
  } catch {
    return []; // not written yet
  }
}

const comment = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g;
const quoted = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;
const imported = /^\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const bare = text.replaceAll(comment, '');
  const code = bare
    .replaceAll(quoted, "''")
    .split('\n')
    .filter((line) => line.trim() !== '');
  const found = [...bare.matchAll(imported)].map(([statement, from, whole, lazy]) => {
    const target = from ?? whole ?? lazy ?? '';
    const isType = /^\s*(?:import|export) type\b/.test(statement);
    return { isType, target: target.startsWith('.') ? relative(root, join(root, dirname(path), target)) : target };
  });
  const importsOfValues = found.filter(({ isType }) => !isType).map(({ target }) => target);
  return { path, text, code, imports: found.map(({ target }) => target), importsOfValues };
}

const isTest = ({ path }: Source): boolean => path.endsWith('.test.ts');
const sources = ['src', 'components', 'examples'].flatMap(filesBelow).map(read);
const production = sources.filter((each) => !isTest(each));
const framework = production.filter(({ path }) => path.startsWith('src/fx/'));
const offences = (files: readonly Source[], isAllowed: (target: string, by: Source) => boolean): string[] =>
  files.flatMap((file) => file.imports.filter((target) => !isAllowed(target, file)).map((target) => `${file.path} imports ${target}`));

describe('imports', () => {
  it('are found at all', () => {
    expect(production.find(({ path }) => path === 'src/fx/inversify.ts')?.imports).toEqual([
      '@inversifyjs/core',
      'inversify',
      'src/fx/component.ts',
      'src/fx/errors.ts',
      'src/fx/graph.ts',
      'src/fx/token.ts',
      'src/fx/values.ts',
      'inversify',
    ]);
  });

  it('lead out of the framework only to Node and inversify', () => {
    const packages = new Set(['inversify', '@inversifyjs/core', 'reflect-metadata']);
    expect(offences(framework, (target) => target.startsWith('src/fx/') || target.startsWith('node:') || packages.has(target))).toEqual([]);
  });

  it('lead into the framework only through its two front doors', () => {
    const outside = production.filter(({ path }) => !path.startsWith('src/fx/'));
    expect(
      offences(outside, (target) => !target.startsWith('src/fx/') || target === 'src/fx/index.ts' || target === 'src/fx/testing.ts'),
    ).toEqual([]);
  });

  it('lead from one component to another only through its definition', () => {
    const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');
    const components = production.filter(({ path }) => path.startsWith('components/'));
    const isAllowed = (target: string, { path }: Source): boolean =>
      !target.startsWith('components/') || folderOf(target) === folderOf(path) || /^components\/[^/]+\/index\.ts$/.test(target);
    expect(offences(components, isAllowed)).toEqual([]);
  });

  it('lead from a definition to no implementation', () => {
    const definitions = production.filter(({ path }) => /^components\/[^/]+\/index\.ts$/.test(path));
    const isPartOfIt = (target: string): boolean => /\/(?:settings?|crd\/[\w-]+)\.ts$/.test(target);
    expect(offences(definitions, (target, { path }) => dirname(target) !== dirname(path) || isPartOfIt(target))).toEqual([]);
  });

  it('choose implementations only in the compositions, of the agent and of its commands, in examples and in tests', () => {
    const isComposition = /^src\/cluster-agent\.ts$|^src\/cli\/composition\.ts$|^examples\/.*\/?main\.ts$/;
    const others = production.filter(({ path }) => !path.startsWith('components/') && !isComposition.test(path));
    expect(offences(others, (target) => !target.startsWith('components/') || target.endsWith('/index.ts'))).toEqual([]);
  });

  it('lead from the test kit of the agent neither to the framework nor to components', () => {
    const kit = production.filter(({ path }) => path.startsWith('src/testkit/'));
    expect(offences(kit, (target) => !target.startsWith('src/fx/') && !target.startsWith('components/'))).toEqual([]);
  });

  it('form no circle', () => {
    const at = new Map(production.map(({ path }, index) => [path, index]));
    const dependencies = production.map(({ importsOfValues }) => importsOfValues.flatMap((target) => at.get(target) ?? []));
    const ordered = new Set(topologicalOrder(dependencies));
    expect(production.filter((_, index) => !ordered.has(index)).map(({ path }) => path)).toEqual([]);
  });
});

/** Code lines of every function that the formatter has laid out: from its head to the brace that closes it, as far indented. */
function functionLengths({ path, code }: Source): (readonly [string, number])[] {
  const head =
    /^(\s*)(?:export |async |static |override |protected |private |readonly |get )*(?:function\b|(?:const [\w$]+ = .*)?.*=> \{$|[#\w$]+(?:<.*>)?\(.*\{$)/;
  return code.flatMap((line, from) => {
    const [, indent] = head.exec(line) ?? [];
    if (indent === undefined || /^\s*(?:if|for|while|switch|\} else)\b/.test(line)) return [];
    const length = code.slice(from + 1).findIndex((each) => each.startsWith(`${indent}}`)) + 2;
    return [[`${path}: ${line.trim()}`, length] as const];
  });
}

describe('src/fx', () => {
  const lines = (files: readonly Source[]): number => files.reduce((sum, { code }) => sum + code.length, 0);

  it('has at most 2 000 lines of code, without the test kit', () => {
    const core = framework.filter(({ path }) => !path.startsWith('src/fx/testing'));
    expect(lines(core)).toBeLessThanOrEqual(2000);
  });

  it('has no function over 60 lines', () => {
    const lengths = framework.flatMap(functionLengths);
    expect(lengths.length).toBeGreaterThan(200);
    expect(lengths.filter(([, length]) => length > 60)).toEqual([]);
  });

  it('has neither any nor a non-null assertion', () => {
    const offending = framework.flatMap(({ path, code }) =>
      code.filter((line) => /(?:[:<,|&(]|\bas|=>)\s*any\b|[\w)\]]!(?:[.;,)\][]|$)/.test(line)).map((line) => `${path}: ${line.trim()}`),
    );
    expect(offending).toEqual([]);
  });

  it('has at least 1.3 lines of tests for each line of source', () => {
    const tests = [
      ...sources.filter((each) => isTest(each) && each.path.startsWith('src/fx/')),
      ...filesBelow('test/conformance').map(read),
    ];
    expect(lines(tests) / lines(framework)).toBeGreaterThanOrEqual(1.3);
  });

  it('has no test that is skipped or runs alone', () => {
    const tests = [...sources.filter(isTest), ...filesBelow('test').map(read)];
    expect(
      tests
        .filter(({ code }) => code.some((line) => /\b(?:it|describe|test)\.(?:skip|only|todo|fails)\b/.test(line)))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  it('has these public names, at most 25', async () => {
    const values = Object.keys(await import('../src/fx/index.ts'));
    const declared = framework.find(({ path }) => path === 'src/fx/index.ts')?.text ?? '';
    const names = [...declared.matchAll(/\{([^}]*)\}/g)]
      .flatMap(([, list = '']) => list.split(',').map((name) => name.trim()))
      .filter((name) => name !== '');
    const types = names.filter((name) => name.startsWith('type ')).map((name) => name.slice(5));
    expect(names.filter((name) => !name.startsWith('type ')).toSorted()).toEqual(values.toSorted());
    expect(names.length).toBeLessThanOrEqual(25);
    expect({ values: values.toSorted().join(' '), types: types.toSorted().join(' ') }).toMatchInlineSnapshot(`
      {
        "types": "Application Component Event Token",
        "values": "App Clock EventSink FxError Jobs Lifecycle Process Shutdowner app component decorate invoke many module oneShot optional replace run sink supply token",
      }
    `);
  });

  it('does nothing when it is imported', async () => {
    const before = process.getActiveResourcesInfo().length;
    await import('../src/fx/index.ts');
    expect(process.getActiveResourcesInfo().length).toBe(before);
  });
});
