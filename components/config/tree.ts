import { isRecord, type Content } from './document.ts';
import { warnOfUnknown, type Gathered, type Given } from './given.ts';
import { foreignSections } from './known-keys.ts';
import { readsAsWritten, type Setting } from './setting.ts';
import { suggest } from './suggestion.ts';

type Branch = readonly [path: readonly string[], value: unknown];

/** What a file says of settings. Keys may be nested or dotted, in any case. */
export function readTree(content: Content, settings: ReadonlyMap<string, Setting>): Gathered {
  const sections = sectionsOf(settings);
  const known = [...settings.keys(), ...sections.keys()];
  const given: Given[] = [];
  const misplaced: string[] = [];
  for (const [path, value] of leaves(content.root, (key) => !settings.has(key) && sections.has(key))) {
    const key = keyOf(path);
    const setting = settings.get(key);
    const place = content.place(path);
    if (setting === undefined && sections.has(key)) {
      misplaced.push(`${place}: ${key} is ignored: it must have keys of its own, such as ${sections.get(key) ?? ''}`);
    } else {
      given.push({ key, setting, source: 'file', input: content.plain(value, setting !== undefined && readsAsWritten(setting)), place });
    }
  }
  const unknown = given.filter(({ key, setting }) => setting === undefined && !isForeign(key));
  const complaints = warnOfUnknown(unknown, ({ key, place }) => `Unknown key in config file: ${key}${suggest(key, known)}, at ${place}`);
  return { given, warnings: [...content.warnings, ...misplaced, ...complaints] };
}

/** What is no section, or stands where one should, in the order of the file. What is null says nothing. */
function* leaves(root: Content['root'], isSection: (key: string) => boolean): Generator<Branch> {
  const pending: Branch[] = [[[], root]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, value] = next;
    if (isRecord(value) && (path.length === 0 || isSection(keyOf(path)))) {
      const children = Object.entries(value).map(([part, child]): Branch => [[...path, part], child]);
      pending.push(...children.toReversed());
    } else if (value !== null) {
      yield next;
    }
  }
}

function keyOf(path: readonly string[]): string {
  return path.join('.').toLowerCase();
}

function isForeign(key: string): boolean {
  return foreignSections.some((section) => key === section || key.startsWith(`${section}.`) || key.startsWith(`${section}_`));
}

/** Every name above a key, with a key that is below it. */
function sectionsOf(settings: ReadonlyMap<string, Setting>): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  for (const key of settings.keys()) {
    for (let dot = key.indexOf('.'); dot !== -1; dot = key.indexOf('.', dot + 1)) {
      const section = key.slice(0, dot);
      if (!sections.has(section)) sections.set(section, key);
    }
  }
  return sections;
}
