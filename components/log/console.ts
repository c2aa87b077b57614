import type { Writable } from 'node:stream';
import { component, many } from '../../src/fx/index.ts';
import { LogSink, type LogLine } from './index.ts';
import { logSettings } from './settings.ts';

/** The log on standard output, as the Go agent has it: standard error stays empty. */
export const consoleLogSink = component({
  name: 'log-console',
  provides: many(LogSink),
  when: logSettings.toConsole.key,
  create: () => new StreamSink('console', () => process.stdout),
  start: (sink) => sink.open(),
  stop: (sink) => sink.close(),
});

/** Lines on a stream of the process. */
export class StreamSink implements LogSink {
  readonly name: string;
  readonly #find: () => Writable;
  #stream: Writable | undefined;

  constructor(name: string, find: () => Writable) {
    this.name = name;
    this.#find = find;
  }

  open(): void {
    this.#stream = this.#find().on('error', ignore);
  }

  close(): void {
    this.#stream?.off('error', ignore);
    this.#stream = undefined;
  }

  write(lines: readonly LogLine[]): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return Promise.reject(new Error('it is not open'));
    const text = lines.map((line) => `${line.text}\n`).join('');
    return new Promise((resolve, reject) => void stream.write(text, (error) => (error ? reject(error) : resolve())));
  }
}

/** The write that failed says so itself; without a listener the process would end when nobody reads its output any more. */
function ignore(): void {}
