import { token } from '../../src/fx/index.ts';

/** A file of a support archive; contributed by the component that knows its content. */
export interface FlareProvider {
  /** Path inside the archive: `cluster-agent-status.log`. */
  readonly path: string;
  /** Scrubbed before it is written. A failure becomes a line in the archive, and spoils nothing else. */
  content(signal: AbortSignal): string | Uint8Array | Promise<string | Uint8Array>;
}
/** A group: contribute with `provides: many(FlareProvider)`. */
export const FlareProvider = token<FlareProvider>()('flare-provider');

/** Makes support archives. */
export interface Flare {
  /**
   * @param extra more files by their path in the archive
   * @returns the path of the zip file
   */
  create(extra?: Readonly<Record<string, Uint8Array>>, signal?: AbortSignal): Promise<string>;
}
export const Flare = token<Flare>()('flare');
