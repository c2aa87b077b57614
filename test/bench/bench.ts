/** One measured figure, or one comparison of two of them; what `--json` prints a line of. */
export interface Row {
  readonly case: string;
  readonly subject: string;
  /** Median over the rounds; undefined when there is none, and then `note` says why. */
  readonly value: number | undefined;
  readonly unit: string;
  /** Median of the per-round ratios to the baseline of the case. */
  readonly ratio?: number | undefined;
  /** What the value must keep to, in words. */
  readonly bar?: string | undefined;
  /** Whether it does; undefined where there is nothing to miss. */
  readonly pass?: boolean | undefined;
  readonly note?: string | undefined;
}

export interface BenchOptions {
  readonly rounds: number;
  /** Only the case of this name. */
  readonly only: string | undefined;
}

/** Yields the rows of each case once it is measured. */
export interface Bench {
  readonly cases: readonly string[];
  run(options: BenchOptions): AsyncIterable<readonly Row[]>;
}
