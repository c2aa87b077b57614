import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { component, many, optional } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Settings } from '../settings/index.ts';
import { FlareProvider } from './index.ts';

/** `etc/`: the files that were read, and `runtime_config_dump.yaml`: what came of them and of all other sources. */
export const configurationFlare = component({
  name: 'configuration-flare',
  provides: many(FlareProvider, { flatten: true }),
  requires: { config: Config, settings: optional(Settings) },
  create: ({ config, settings }): readonly FlareProvider[] => [
    ...config.files.map((file) => ({ path: `etc/${basename(file)}`, content: (signal: AbortSignal) => readFile(file, { signal }) })),
    ...(settings === undefined ? [] : [{ path: 'runtime_config_dump.yaml', content: () => settings.yaml() }]),
  ],
});
