import { token } from '../../src/fx/index.ts';

export { scrubberSettings } from './settings.ts';

/** Keeps secrets out of everything that the agent shows: log lines, status, configuration, flares, errors. */
export interface Scrubber {
  /** Text without API keys, tokens, passwords in URLs, PEM blocks, values of secret-looking keys, and known secrets. */
  text(text: string): string;
  /** A copy of plain data: values under secret-looking keys and in texts are masked. */
  data(value: unknown): unknown;
  /** From now on this exact value is masked wherever it appears. Values shorter than 6 characters are ignored. */
  remember(secret: string): void;
}
export const Scrubber = token<Scrubber>()('scrubber');
