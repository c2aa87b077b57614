import { token } from '../../src/fx/index.ts';

/** A part of the status page, contributed by the component that it tells of. */
export interface StatusProvider {
  readonly name: string;
  /** The section that it stands in. Sections come in the order of their lower-case names, `collector` first. */
  readonly section: string;
  /** Keys that are merged into the one flat JSON object. */
  json(options: StatusOptions): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
  /** Body text, indented by two spaces; empty: the section is left out. */
  text(options: StatusOptions): string | Promise<string>;
  /** An HTML fragment; absent: none. */
  html?(options: StatusOptions): string | Promise<string>;
}
/** A group: contribute with `provides: many(StatusProvider)`. */
export const StatusProvider = token<StatusProvider>()('status-provider');

/** A part of the header; those with a lower index come first. */
export interface StatusHeader extends Omit<StatusProvider, 'section'> {
  readonly index: number;
}
/** A group: contribute with `provides: many(StatusHeader)`. */
export const StatusHeader = token<StatusHeader>()('status-header');

export interface StatusOptions {
  readonly verbose: boolean;
}
export type StatusFormat = 'text' | 'json' | 'html';

/** What the agent is doing, for people and for tools. A provider that fails is named in the result and spoils nothing else. */
export interface Status {
  render(format: StatusFormat, options: StatusOptions): Promise<string>;
}
export const Status = token<Status>()('status');
