import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { component, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Log } from './index.ts';
import { logSettings } from './settings.ts';

/** `logs/`: the log file and those before it. */
export const logFlare = component({
  name: 'log-flare',
  provides: many(FlareProvider, { flatten: true }),
  requires: { config: Config, log: Log },
  create({ config, log }): readonly FlareProvider[] {
    if (config.get(logSettings.disableFile)) return [];
    const path = config.get(logSettings.file);
    const rolls = Array.from({ length: Math.max(0, config.get(logSettings.fileMaxRolls)) }, (_, index) => `${path}.${index + 1}`);
    return [path, ...rolls].map((file) => ({
      path: `logs/${basename(file)}`,
      content: async (signal) => {
        await log.flush();
        return readFile(file, { signal });
      },
    }));
  },
});
