import { component } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Secret } from '../secrets/index.ts';
import { Scrubber, scrubberSettings } from './index.ts';
import { escapeRegExp, secretKeys, type SecretKeys } from './keys.ts';
import { maskKeyed } from './lines.ts';
import { maskPem, patterns } from './patterns.ts';
import { isHarmless, keyWithEnd, mask } from './values.ts';

const shortestSecret = 6;
/** A backend that gives new secrets all the time must not fill the memory. */
const rememberedMax = 2000;
/** Deeper data is shown as a mask. */
const depthMax = 200;

type Masking = ReturnType<SecretKeys['of']>;

/** Masks by rules: what secrets look like, what stands under secret-looking keys, and what it was told to remember. */
export class RulesScrubber implements Scrubber {
  readonly #keys: SecretKeys;
  readonly #suspicious: RegExp;
  readonly #remembered = new Set<string>();
  #exact: RegExp | undefined;

  constructor({ additionalKeys = [] }: { readonly additionalKeys?: readonly string[] } = {}) {
    this.#keys = secretKeys(additionalKeys);
    const traces = ['-----begin', ...this.#keys.traces, ...patterns.flatMap((each) => each.traces)];
    this.#suspicious = new RegExp([...new Set(traces)].join('|'), 'i');
  }

  text(text: string): string {
    const unknown = this.#withoutRemembered(text);
    if (!this.#suspicious.test(unknown)) return unknown;
    const keyed = maskKeyed(maskPem(unknown), this.#keys);
    return patterns.reduce((masked, { expression, replace }) => masked.replace(expression, replace), keyed);
  }

  data(value: unknown): unknown {
    return this.#data(value, undefined, 0);
  }

  remember(secret: string): void {
    const trimmed = secret.trim();
    if (trimmed.length < shortestSecret || isHarmless(trimmed)) return;
    const [oldest] = this.#remembered;
    if (this.#remembered.size >= rememberedMax && oldest !== undefined) this.#remembered.delete(oldest);
    this.#remembered.add(trimmed);
    this.#exact = undefined;
  }

  #data(value: unknown, under: Masking, depth: number): unknown {
    if (value instanceof Secret) return maskValue(value.reveal(), under ?? 'hidden');
    if (typeof value !== 'object' || value === null) return this.#leaf(value, under);
    if (depth === depthMax) return mask;
    if (Array.isArray(value)) return value.map((each) => this.#data(each, under, depth + 1));
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.#data(value.toJSON(), under, depth + 1);
    const entries: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, each]) => [this.text(String(key)), this.#data(each, under ?? this.#keys.of(String(key)), depth + 1)]),
    );
  }

  #leaf(value: unknown, under: Masking): unknown {
    if (typeof value === 'string') return under === undefined ? this.text(value) : maskValue(value, under);
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    return isNumber && under !== undefined ? mask : value;
  }

  #withoutRemembered(text: string): string {
    if (this.#remembered.size === 0) return text;
    this.#exact ??= new RegExp(
      [...this.#remembered]
        .flatMap(spellings)
        .toSorted((a, b) => b.length - a.length)
        .map(escapeRegExp)
        .join('|'),
      'g',
    );
    return text.replace(this.#exact, (secret) => (/^(?:[\da-f]{32}|[\da-f]{40})$/i.test(secret) ? keyWithEnd(secret) : mask));
  }
}

function maskValue(value: string, how: 'shown' | 'hidden'): string {
  if (isHarmless(value)) return value;
  return how === 'shown' ? keyWithEnd(value) : mask;
}

/** A secret as it is, in JSON, and in a URL. */
function spellings(secret: string): readonly string[] {
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])];
}

/** What the configuration says is secret is remembered from the beginning. */
export const rulesScrubber = component({
  name: 'rules-scrubber',
  provides: Scrubber,
  requires: { config: Config },
  create({ config }) {
    const { additionalKeys, flareStrippedKeys } = scrubberSettings;
    const scrubber = new RulesScrubber({ additionalKeys: [...config.get(additionalKeys), ...config.get(flareStrippedKeys)] });
    for (const value of config.known.flatMap(({ key }) => config.valuesOf(key).map((each) => each.value))) {
      if (value instanceof Secret) scrubber.remember(value.reveal());
    }
    config.onChange(({ value }) => {
      if (value instanceof Secret) scrubber.remember(value.reveal());
    });
    return scrubber;
  },
});
