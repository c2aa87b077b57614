export const mask = '********';

/** The end of a key of Datadog, which tells people which one it is; of anything shorter nothing. */
export function keyWithEnd(key: string): string {
  return key.length < 16 ? mask : `${'*'.repeat(key.length === 40 ? 35 : 27)}${key.slice(-5)}`;
}

/** What is no secret though it stands where one could, or is masked already. */
export function isHarmless(value: string): boolean {
  return /^(?:|true|false|null|undefined|none|nil|(?:bearer\s)?\*{6,}.{0,5}|ENC\[[^\]]*\])$/i.test(value.trim());
}

/** What is left of credentials; of the agent's own tokens, the end. */
export function hide(value: string): string {
  const [, scheme] = /^(bearer[ \t]+)[\da-f]{64}$/i.exec(value) ?? [];
  return scheme === undefined ? mask : `${scheme}${'*'.repeat(59)}${value.slice(-5)}`;
}
