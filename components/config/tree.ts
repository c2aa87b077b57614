import { isRecord, type Content } from './document.ts';
import { warnOfUnknown, type Gathered, type Given } from './given.ts';
import { readsAsWritten, type Setting } from './setting.ts';
import { suggest } from './suggestion.ts';

/** What a file says of settings. Keys may be nested or dotted, in any case. */
export function readTree(content: Content, settings: ReadonlyMap<string, Setting>): Gathered {
  const sections = sectionsOf(settings);
  const given: Given[] = [];
  const unknown: { readonly key: string; readonly place: string }[] = [];
  const warnings: string[] = [];
  const pending: (readonly [path: readonly string[], value: unknown])[] = [[[], content.root]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, value] = next;
    const key = path.join('.').toLowerCase();
    const setting = settings.get(key);
    const isSection = path.length === 0 || sections.has(key);
    if (value === null) continue;
    if (setting === undefined && isSection && isRecord(value)) {
      pending.push(
        ...Object.entries(value)
          .map(([part, child]) => [[...path, part], child] as const)
          .toReversed(),
      );
      continue;
    }
    const place = content.place(path);
    if (setting === undefined && isSection) {
      warnings.push(`${place}: ${key} is ignored: it must have keys of its own, such as ${sections.get(key) ?? ''}`);
      continue;
    }
    if (setting === undefined) unknown.push({ key, place });
    given.push({ key, setting, source: 'file', input: content.plain(value, setting !== undefined && readsAsWritten(setting)), place });
  }
  const known = [...settings.keys(), ...sections.keys()];
  const ofUnknown = warnOfUnknown(unknown, ({ key, place }) => `Unknown key in config file: ${key}${suggest(key, known)}, at ${place}`);
  return { given, warnings: [...content.duplicates, ...warnings, ...ofUnknown] };
}

/** Every name above a key, with a key that is below it. */
function sectionsOf(settings: ReadonlyMap<string, Setting>): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  for (const key of settings.keys()) {
    for (let dot = key.indexOf('.'); dot !== -1; dot = key.indexOf('.', dot + 1)) sections.set(key.slice(0, dot), key);
  }
  return sections;
}
