import { warnOfUnknown, type Gathered, type Given } from './given.ts';
import { foreignSections, variablesThatAreNoKeys } from './known-keys.ts';
import type { Setting } from './setting.ts';
import { suggest } from './suggestion.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a setting; an earlier one wins. */
export function variablesOf({ key, env }: Setting): readonly string[] {
  return [`DD_${key.toUpperCase().replaceAll('.', '_')}`, ...env];
}

/** What variables say of settings. An empty variable says nothing. */
export function readEnvironment(settings: readonly Setting[], env: Environment): Gathered {
  const given = settings.flatMap((setting): readonly Given[] => {
    const place = variablesOf(setting).find((name) => (env[name] ?? '') !== '');
    return place === undefined ? [] : [{ key: setting.key, setting, source: 'environment-variable', input: env[place], place }];
  });
  const known = settings.flatMap(variablesOf);
  const isKnown = new Set([...known, ...variablesThatAreNoKeys]);
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith('DD_') && !isKnown.has(name) && !isForeign(name) && !isServiceLink(name, env[name]))
    .toSorted();
  return { given, warnings: warnOfUnknown(unknown, (name) => `Unknown environment variable: ${name}${suggest(name, known)}`) };
}

function isForeign(name: string): boolean {
  return foreignSections.some((section) => name.startsWith(`DD_${section.toUpperCase()}_`));
}

/** What Kubernetes puts into every container for each service, here for one whose name begins with `dd-`. */
function isServiceLink(name: string, value = ''): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/.test(name)) return true;
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):/.test(value);
}
