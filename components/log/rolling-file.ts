import { mkdir, open, readdir, rename, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { component, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { LogSink, type LogLine } from './index.ts';
import { logFileOf, logSettings } from './settings.ts';

/** The log file, begun anew when it is full; earlier ones are kept as `cluster-agent.log.1`, `.2`, ... */
export const fileLogSink = component({
  name: 'log-file',
  provides: many(LogSink),
  requires: { config: Config },
  when: { setting: logSettings.disableFile.key, is: off },
  create: ({ config }) =>
    new RollingFile({
      path: logFileOf(config),
      sizeMax: config.get(logSettings.fileMaxSize),
      rollsMax: config.get(logSettings.fileMaxRolls),
    }),
  stop: (sink) => sink.close(),
});

function off(value: unknown): boolean {
  return value !== true;
}

interface FileOptions {
  readonly path: string;
  /** Bytes; 0 for no limit. */
  readonly sizeMax: number;
  /** How many earlier files are kept; 0: all. */
  readonly rollsMax: number;
}

/** Opened by the first write, and again after each failure: a volume that comes late or was full is found when it is there. */
export class RollingFile implements LogSink {
  readonly name = 'file';
  readonly #options: FileOptions;
  #handle: FileHandle | undefined;
  #size = 0;

  constructor(options: FileOptions) {
    this.#options = options;
  }

  async write(lines: readonly LogLine[]): Promise<void> {
    const bytes = Buffer.from(lines.map(({ text }) => `${text}\n`).join(''));
    const handle = await this.#fileFor(bytes.length);
    try {
      await handle.appendFile(bytes);
      this.#size += bytes.length;
    } catch (error) {
      // A full disk takes a part; the whole batch comes again, so the part goes.
      await handle.truncate(this.#size).catch(() => {});
      await this.close().catch(() => {});
      throw new Error(`${this.#options.path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #fileFor(bytes: number): Promise<FileHandle> {
    const { sizeMax } = this.#options;
    const handle = (this.#handle ??= await this.#open());
    if (sizeMax === 0 || this.#size === 0 || this.#size + bytes <= sizeMax) return handle;
    await this.close();
    await this.#roll();
    return (this.#handle = await this.#open());
  }

  async #open(): Promise<FileHandle> {
    const { path } = this.#options;
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a', 0o640);
    this.#size = (await handle.stat()).size;
    return handle;
  }

  /** Moves each file one on, the oldest first; the last one is overwritten. */
  async #roll(): Promise<void> {
    const { path, rollsMax } = this.#options;
    for (let number = rollsMax > 0 ? rollsMax : await firstFree(path); number > 0; number -= 1) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      await rename(from, `${path}.${number}`).catch(ignoreMissing);
    }
  }
}

/** The lowest number that no earlier file has. */
async function firstFree(path: string): Promise<number> {
  const names = new Set(await readdir(dirname(path)));
  let number = 1;
  while (names.has(`${basename(path)}.${number}`)) number += 1;
  return number;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
