/** Of these the end is shown, so that people can tell which one it is. */
const shown = String.raw`(?:api|app|application)[_-]?key`;

const hidden = [
  'pass(?:word|wd|phrase|code)',
  '(?<![a-z])pass',
  'pwd|pswd',
  'token',
  'secret',
  'credentials?',
  '(?:proxy-)?authorization',
  '(?:set-)?cookie',
  'community(?:_strings?)?',
  '(?:secret|access|private|priv|privacy|auth|authentication|encryption|consumer|license|account|shared)[_-]?key',
];

/** Keys that give a secret away by how they end. */
export interface SecretKeys {
  /** How values under a key are masked; `undefined` when they are not. */
  of(key: string): 'shown' | 'hidden' | undefined;
  /** Finds such a key and the colon or equals sign after it: `shown` and `hidden` are its groups. */
  readonly inText: RegExp;
  /** What a text must contain to have any of them. */
  readonly traces: readonly string[];
}

/** @param additional keys of which all values are hidden */
export function secretKeys(additional: readonly string[]): SecretKeys {
  const whole = additional.map((key) => `(?<![\\w.-])${escapeRegExp(key)}`);
  const isShown = new RegExp(`${shown}$`, 'i');
  const isHidden = new RegExp(`(?:${[...hidden, ...whole].join('|')})$`, 'i');
  return {
    of: (key) => (isShown.test(key) ? 'shown' : isHidden.test(key) ? 'hidden' : undefined),
    inText: new RegExp(
      String.raw`(?:(?<shown>${shown})|(?<hidden>${[...hidden, ...whole].join('|')}))\\?["']?[ \t]{0,4}[:=]{1,2}[ \t]{0,4}`,
      'gi',
    ),
    traces: [
      'key',
      'pass',
      'pwd',
      'pswd',
      'token',
      'secret',
      'credential',
      'authorization',
      'cookie',
      'community',
      ...additional.map(escapeRegExp),
    ],
  };
}

export function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
