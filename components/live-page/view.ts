/** What the page shows of one component, in the order of the plan. */
export interface ComponentView {
  readonly name: string;
  readonly state: string;
  readonly mood: Mood;
  /** Names of the components that it needs directly. */
  readonly needs: readonly string[];
  /** What took time at start, in milliseconds since the start began. */
  readonly spans: readonly Span[];
  /** Why it is not well; empty when it is. */
  readonly trouble: string;
}

/** How something is doing: the colours of the page. */
export type Mood = 'good' | 'waiting' | 'bad' | 'idle';

export interface Span {
  readonly label: string;
  readonly phase: 'create' | 'start';
  readonly fromMs: number;
  readonly durationMs: number;
}

export interface EventView {
  /** Milliseconds since the start began. */
  readonly atMs: number;
  readonly text: string;
  readonly mood: Mood;
}

/** Everything that the page shows, at one moment. */
export interface View {
  readonly title: string;
  readonly version: string;
  readonly hostname: string;
  readonly state: string;
  readonly mood: Mood;
  readonly uptimeMs: number;
  /** How long the start took; undefined while it goes on. */
  readonly startMs: number | undefined;
  readonly health: { readonly healthy: readonly string[]; readonly unhealthy: readonly string[] };
  readonly components: readonly ComponentView[];
  /** Listed, but not in this run, and why. */
  readonly absent: readonly { readonly name: string; readonly because: string }[];
  /** The newest first. */
  readonly events: readonly EventView[];
}
