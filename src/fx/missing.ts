import { readdirSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
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
    fix: [...kept(flat, token), ...similar(flat, token), ...beside(token), otherwise].join('; '),
  });
}

/** Implementations that are in the list, but out of reach. */
function kept({ nodes, gated }: Flat, token: Token): string[] {
  const outputs = [...nodes, ...gated].flatMap((node) =>
    node.outputs.filter((output) => output.token === token && (node.isOriginal || node.off)),
  );
  return outputs.map(({ node: { label, off, visibleIn }, form }) => {
    if (off !== undefined) return `${label} provides it, but is off because ${off}`;
    if (form === 'group') return `${label} contributes it to a group: require many(...)`;
    return `${label} provides it, but privately, in module ${visibleIn.name}: list it outside "private"`;
  });
}

/** Keys that differ by a slip of the finger, or in case or separators only. */
function similar({ nodes }: Flat, token: Token): string[] {
  const { key } = token;
  const others = nodes.flatMap(({ outputs }) => outputs.flatMap((output) => (output.token === token ? [] : output.token.key)));
  const slips = Math.max(1, Math.floor(key.length / 4));
  const near = [...new Set(others)].filter((each) => plain(each) === plain(key) || distance(each, key) <= slips).toSorted();
  const meant = near.map((each) => (each === key ? `the other token "${each}"` : `"${each}"`));
  return meant.length === 0 ? [] : [`did you mean ${meant.join(', or ')}?`];
}

const plain = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** By convention implementations and fakes live beside the file that makes the token. */
function beside(token: Token): string[] {
  const place = placeOf(token);
  const { file } = place;
  if (file === undefined) return [];
  const files = basename(file).startsWith('index.') ? filesBeside(file) : [];
  const there = `: beside its definition in ${relative(process.cwd(), dirname(file))} are ${files.join(', ')}`;
  return [`add a component that provides "${token.key}"${files.length > 0 ? there : ` (the token is made at ${String(place)})`}`];
}

function filesBeside(file: string): string[] {
  try {
    return readdirSync(dirname(file))
      .filter((name) => /\.[jt]s$/.test(name) && !/\.(test|d)\.[jt]s$/.test(name) && name !== basename(file))
      .map((name) => (name.startsWith('fake.') ? `${name} (for tests)` : name));
  } catch {
    // A bundle has no such folder, and a hint is not worth an error.
    return [];
  }
}
