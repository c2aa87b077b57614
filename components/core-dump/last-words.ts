import { tmpdir } from 'node:os';
import { component, Process } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { raiseCoreLimit } from './core-limit.ts';
import { coreDumpSettings } from './settings.ts';

/**
 * Says why the process ends when an error is nobody's: in the log, and on standard error. With `go_core_dump` it then
 * aborts, so that the kernel writes a core file and Node its report; otherwise it exits with code 1.
 */
export const coreDump = component({
  name: 'core-dump',
  requires: { config: Config, log: Log, process: Process, scrubber: Scrubber },
  create: ({ config, ...needs }) => new LastWords({ ...needs, dumps: config.get(coreDumpSettings.isOn) }),
  start: (words) => words.listen(),
  stop: (words) => words.close(),
});

interface Parts {
  readonly log: Log;
  readonly process: Process;
  readonly scrubber: Scrubber;
  readonly dumps: boolean;
}

class LastWords {
  readonly #parts: Parts;
  #isEnding = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async listen(): Promise<void> {
    // Rejections that nobody handles arrive here as well.
    process.on('uncaughtException', this.#end);
    if (!this.#parts.dumps) return;
    // Without the environment, which holds secrets; the working directory may be read-only.
    Object.assign(process.report, { reportOnFatalError: true, excludeNetwork: true, excludeEnv: true, directory: tmpdir() });
    try {
      await raiseCoreLimit();
    } catch (error) {
      this.#parts.log.warn("Can't setup core dumps, they might not be available after a crash", { error });
    }
  }

  close(): void {
    process.off('uncaughtException', this.#end);
    if (this.#parts.dumps) process.report.reportOnFatalError = false;
  }

  /** Whatever else fails while the last words are written is of no interest any more. */
  readonly #end = (thrown: unknown, origin: string): void => {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { log, process: ours, scrubber, dumps } = this.#parts;
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    ours.warn(`${scrubber.text(`${origin}: ${stack}`)}\n`);
    log.critical(`the agent ends because of an error that nobody handles (${origin}): ${stack}`);
    const end = (): void => (dumps ? process.abort() : ours.exit(1));
    log.flush().then(end, end);
  };
}
