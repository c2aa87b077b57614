import { Clock, component, many } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { escaped } from './escaped.ts';
import { Status, StatusHeader, StatusProvider, type StatusFormat, type StatusOptions } from './index.ts';

/** A provider that takes longer is left out, and named. */
const providerTimeoutMs = 5000;

/** Puts the page together from what the providers tell, in the Go agent's layout. Also at `/status`. */
export const composedStatus = component({
  provides: { status: Status, route: many(Route) },
  requires: { clock: Clock, scrubber: Scrubber, headers: many(StatusHeader), providers: many(StatusProvider) },
  create(parts) {
    const status: Status = { render: (format, options) => new Page(parts, options).render(format) };
    return { status, route: statusRoute(status) };
  },
});

/** JSON by its content type whatever the format is, as clients of the Go agent expect. */
function statusRoute(status: Status): Route {
  return {
    method: 'GET',
    path: '/status',
    access: 'session',
    handle: async ({ query }) => {
      const format = formats.find((each) => each === query.get('format'));
      const body = format === undefined ? '' : await status.render(format, { verbose: query.get('verbose') === 'true' });
      return { headers: { 'content-type': 'application/json' }, body };
    },
  };
}

const formats: readonly StatusFormat[] = ['text', 'json', 'html'];

interface Parts {
  readonly clock: Clock;
  readonly scrubber: Scrubber;
  readonly headers: readonly StatusHeader[];
  readonly providers: readonly StatusProvider[];
}

type Facts = Readonly<Record<string, unknown>>;

/** One rendering. */
class Page {
  readonly #parts: Parts;
  readonly #options: StatusOptions;
  readonly #headers: readonly StatusHeader[];
  readonly #sections: readonly (readonly [first: StatusProvider, ...others: StatusProvider[]])[];
  /** What went wrong with providers, in their order. */
  readonly #errors: string[] = [];

  constructor(parts: Parts, options: StatusOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#headers = parts.headers.toSorted((a, b) => a.index - b.index);
    this.#sections = sectionsOf(parts.providers);
  }

  render(format: StatusFormat): Promise<string> {
    return { text: () => this.#text(), json: () => this.#json(), html: () => this.#html() }[format]();
  }

  async #text(): Promise<string> {
    const headers = await this.#all(this.#headers, (each) => each.text(this.#options));
    const sections = await Promise.all(this.#sections.map((section) => this.#all(section, (each) => each.text(this.#options))));
    const blocks = [
      ...this.#headers.map(({ name }, index) => block(name, headers[index] ?? '')),
      ...this.#sections.map(([{ section }], index) => {
        const body = (sections[index] ?? []).map((text) => lines(text ?? '')).join('');
        return body === '' ? '' : block(section, body);
      }),
    ];
    if (this.#errors.length > 0) blocks.push(block('Status render errors', this.#errors.map((error) => `  - ${error}\n`).join('')));
    return this.#parts.scrubber.text(blocks.join(''));
  }

  async #json(): Promise<string> {
    const all = [...this.#headers, ...this.#sections.flat()];
    const records = await this.#all(all, async (each) => plain(this.#parts.scrubber.data(await each.json(this.#options)) as Facts));
    const errors = this.#errors.length === 0 ? {} : { errors: this.#errors.map((error) => this.#parts.scrubber.text(error)) };
    return JSON.stringify(Object.assign({}, ...records, errors));
  }

  async #html(): Promise<string> {
    const fragments = await this.#all([...this.#headers, ...this.#sections.flat()], (each) => each.html?.(this.#options) ?? '');
    const errors = this.#errors.map((error) => `${escaped(error)}<br>`).join('');
    if (errors !== '')
      fragments.push(
        `<div class="stat"><span class="stat_title">Status render errors</span><span class="stat_data">${errors}</span></div>`,
      );
    return this.#parts.scrubber.text(fragments.join('\n'));
  }

  /** Asks all at the same time; what fails is noted in their order and leaves a gap. */
  async #all<P extends { readonly name: string }, T>(
    providers: readonly P[],
    ask: (provider: P) => T | Promise<T>,
  ): Promise<(T | undefined)[]> {
    const results = await Promise.allSettled(providers.map((provider) => this.#inTime(async () => ask(provider))));
    return results.map((result, index) => {
      if (result.status === 'fulfilled') return result.value;
      const reason: unknown = result.reason;
      this.#errors.push(`${providers[index]?.name ?? ''}: ${reason instanceof Error ? reason.message : String(reason)}`);
      return undefined;
    });
  }

  async #inTime<T>(call: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = this.#parts.clock.sleep(providerTimeoutMs, done.signal).then(() => {
      throw new Error(`no answer within ${providerTimeoutMs / 1000} s`);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      late.catch(() => {});
      done.abort();
    }
  }
}

/** By lower-case name, `collector` first; within a section by the provider's name. */
function sectionsOf(providers: readonly StatusProvider[]): (readonly [StatusProvider, ...StatusProvider[]])[] {
  const bySection = Map.groupBy(providers, ({ section }) => section.toLowerCase());
  return [...bySection]
    .toSorted(([a], [b]) => Number(b === 'collector') - Number(a === 'collector') || compare(a, b))
    .map(([, members]) => members.toSorted((a, b) => compare(a.name, b.name)) as [StatusProvider, ...StatusProvider[]]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function block(title: string, body: string): string {
  const rule = '='.repeat(title.length);
  return `${rule}\n${titled(title)}\n${rule}\n${lines(body)}\n`;
}

/** As it stands where it begins with a capital; otherwise each word gets one. */
function titled(title: string): string {
  return /^\p{Lu}/u.test(title)
    ? title
    : title.replaceAll(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
}

function lines(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** @throws when it is not plain data, so that its provider is blamed and not the page */
function plain(record: Facts): Facts {
  JSON.stringify(record);
  return record;
}
