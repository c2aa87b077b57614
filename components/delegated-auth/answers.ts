import type { Clock } from '../../src/fx/index.ts';

interface Options<T> {
  readonly clock: Clock;
  /** Milliseconds that an answer is believed. */
  readonly ttlMs: (answer: T) => number;
  readonly sizeMax: number;
}

interface Entry<T> {
  readonly answer: Promise<T>;
  /** Of the monotonic clock; unknown while the question is open. */
  until: number;
}

/**
 * Answers to questions that cost a call, each asked once for a while: who asks while the question is open waits for the
 * same answer. Failures are not kept. The answer that was asked for longest ago makes room.
 */
export class Answers<T> {
  readonly #options: Options<T>;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: Options<T>) {
    this.#options = options;
  }

  get(question: string, ask: () => Promise<T>): Promise<T> {
    const { clock, ttlMs, sizeMax } = this.#options;
    const known = this.#entries.get(question);
    this.#entries.delete(question);
    if (known !== undefined && known.until > clock.monotonic()) {
      this.#entries.set(question, known);
      return known.answer;
    }
    const entry: Entry<T> = { answer: ask(), until: Infinity };
    void entry.answer.then(
      (answer) => void (entry.until = clock.monotonic() + ttlMs(answer)),
      () => this.#entries.get(question) === entry && this.#entries.delete(question),
    );
    this.#entries.set(question, entry);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > sizeMax && oldest.done === false) this.#entries.delete(oldest.value);
    return entry.answer;
  }
}
