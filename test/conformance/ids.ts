/** The rows of the list of fx's behaviour that this suite goes through, by letter. */
const counts = {
  /** Provide. */
  P: 19,
  /** Supply. */
  S: 6,
  /** Invoke. */
  I: 13,
  /** Errors and options. */
  E: 5,
  /** Names and optional requirements. */
  N: 9,
  /** Groups. */
  G: 15,
  /** Annotate. */
  A: 17,
  /** Modules. */
  M: 5,
  /** Visibility. */
  V: 6,
  /** Decorate. */
  D: 13,
  /** Replace. */
  R: 3,
  /** Cycles. */
  C: 4,
  /** Lifecycle. */
  L: 20,
  /** Shutdown. */
  H: 9,
  /** Validation. */
  K: 3,
  /** Populate. */
  O: 2,
  /** Logger and events. */
  X: 8,
  /** Panics. */
  Q: 1,
  /** Visualisation. */
  Z: 4,
  /** Test kit. */
  T: 2,
} as const;

export const ids: readonly string[] = Object.entries(counts).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, '0')}`),
);
