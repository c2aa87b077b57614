import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Finding } from './errors.ts';
import type { Flat } from './flatten.ts';
import { findingAt, type Port } from './graph.ts';
import { placeOf, type Token } from './token.ts';

/** Explains why nothing provides what a node requires, and what would. */
export function missing(flat: Flat, { node, token, property }: Port): Finding {
  const otherwise = `or take it with optional(), or remove ${node.label}`;
  return findingAt(node, 'FX_MISSING', {
    message: `missing dependencies for ${node.label}: nothing provides "${token.key}"`,
    wantedBy: `${node.label}, as "${property}"`,
    fix: [...kept(flat, token), ...similar(flat, token), added(token), otherwise].join('; '),
  });
}

/** Implementations that are in the list, but out of reach. */
function kept({ nodes, gated }: Flat, token: Token): string[] {
  const outputs = [...nodes, ...gated].flatMap((node) => node.outputs);
  const meant = outputs.filter((output) => output.token === token && (output.node.isOriginal || output.node.off));
  return meant.map(({ node: { label, off, visibleIn }, form }) => {
    if (off !== undefined) return `${label} provides it, but is off because ${off}`;
    if (form === 'group') return `${label} contributes it to a group: require many(...)`;
    return `${label} provides it, but privately, in module ${visibleIn.name}: list it outside "private"`;
  });
}

/** Keys that differ in one place only, by a slip of the finger, or merely in case or separators. */
function similar({ nodes }: Flat, token: Token): string[] {
  const others = nodes.flatMap(({ outputs }) => outputs.map((output) => output.token)).filter((each) => each !== token);
  const near = new Set(others.map(({ key }) => key).filter((key) => isNear(plain(key), plain(token.key))));
  const meant = [...near].toSorted().map((key) => (key === token.key ? `the other token "${key}"` : `"${key}"`));
  return meant.length === 0 ? [] : [`did you mean ${meant.join(', or ')}?`];
}

const plain = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** What comes before and behind the place where they differ is most of both. */
function isNear(a: string, b: string): boolean {
  const slips = Math.max(1, Math.floor(b.length / 4));
  return commonStart(a, b) + commonStart(reversed(a), reversed(b)) >= Math.max(a.length, b.length) - slips;
}

function commonStart(a: string, b: string): number {
  const end = a.split('').findIndex((letter, at) => letter !== b[at]);
  return end < 0 ? a.length : end;
}

const reversed = (text: string): string => text.split('').toReversed().join('');

/** By convention implementations and fakes live beside the file that makes the token. */
function added(token: Token): string {
  const place = placeOf(token);
  const file = String(place).replace(/:\d+$/, '');
  const isDefinition = basename(file).startsWith('index.');
  const files = isDefinition ? globSync('*.[jt]s', { cwd: dirname(file), exclude: ['*.{test,d}.[jt]s', basename(file)] }) : [];
  const named = files.toSorted().map((name) => (name.startsWith('fake.') ? `${name} (for tests)` : name));
  const beside = named.length === 0 ? '' : `; beside its definition are ${named.join(', ')}`;
  return `add a component that provides "${token.key}" (the token is made at ${String(place)}${beside})`;
}
