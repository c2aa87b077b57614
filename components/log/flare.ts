import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { component, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Log } from './index.ts';
import { logFileOf, logSettings } from './settings.ts';

/** Of files that are kept without limit. */
const rollsOfMany = 5;

/** `logs/`: the log file and those before it. */
export const logFlare = component({
  name: 'log-flare',
  provides: many(FlareProvider, { flatten: true }),
  requires: { config: Config, log: Log },
  create({ config, log }): readonly FlareProvider[] {
    if (config.get(logSettings.disableFile)) return [];
    const path = logFileOf(config);
    const rollsMax = config.get(logSettings.fileMaxRolls);
    const rolls = Array.from({ length: rollsMax > 0 ? rollsMax : rollsOfMany }, (_, index) => `${path}.${index + 1}`);
    return [path, ...rolls].map((file) => ({
      path: `logs/${basename(file)}`,
      content: async (signal) => {
        await log.flush();
        return readFile(file, { signal });
      },
    }));
  },
});
