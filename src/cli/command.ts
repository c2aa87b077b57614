import type { Terminal } from './terminal.ts';

/** The flags of a command, as `parseArgs` of node:util takes them, by name. */
export type Options = Readonly<
  Record<
    string,
    {
      readonly type: 'string' | 'boolean';
      readonly short?: string;
      readonly description: string;
      /** What the help calls its value. */
      readonly value?: string;
    }
  >
>;

/** Flags that every command takes, before or after its name. */
export const globalOptions = {
  cfgpath: { type: 'string', short: 'c', value: 'PATH', description: 'folder or file of the configuration (default /etc/datadog-agent)' },
  'no-color': { type: 'boolean', short: 'n', description: 'print without colours' },
  help: { type: 'boolean', short: 'h', description: 'print this' },
} as const satisfies Options;

interface ValueOf {
  readonly string: string;
  readonly boolean: boolean;
}
type Values<O extends Options> = { readonly [Name in keyof O]?: ValueOf[O[Name]['type']] };

/** What a command was called with. */
export interface Call<O extends Options = Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
  /** A folder or a file, from `--cfgpath`. */
  readonly configPath: string | undefined;
  readonly terminal: Terminal;
}

export interface Command<O extends Options = Options> {
  /** What follows the binary's name, options aside: `config get KEY`; a line for each form. */
  readonly usage: readonly string[];
  readonly options: O;
  /** Highest number of arguments that are no flags. Default 0. */
  readonly positionalsMax?: number;
  /** @returns the exit code */
  run(call: Call<O>): number | Promise<number>;
}

/** Defines a command; its flags' types flow into `run`. */
export function defineCommand<const O extends Options>(definition: Command<O>): Command {
  return definition;
}

/** A call that cannot be carried out; its message is all that a person is told, and the exit code is 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** A call that is not how the command is used; the exit code is 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/** The argument at an index. @throws UsageError that says what is missing */
export function positional({ positionals }: Call, index: number, what: string): string {
  const value = positionals[index];
  if (value === undefined || value === '') throw new UsageError(`${what} is missing`);
  return value;
}
