import { hide, keyWithEnd, mask } from './values.ts';

interface Pattern {
  /** Expressions of which one is in every text that the expression can match; they are looked for first, because most lines have none. */
  readonly traces: readonly string[];
  /** Every quantifier is bounded or ends where nothing before it could have begun: no text takes more than linear time. */
  readonly expression: RegExp;
  readonly replace: (found: string, ...groups: string[]) => string;
}

/** What gives itself away by how it looks, wherever it stands. */
export const patterns: readonly Pattern[] = [
  { traces: ['://', '@'], expression: /(:\/\/[^\s:/?#"'<>@]{0,128}:)[^\s"'<>]{1,256}@/g, replace: (_, before = '') => `${before}${mask}@` },
  {
    traces: ['@'],
    expression: /((?:^|[\s"'=(])[\w.-]{1,64}:)(?!\/\/)[^\s"'@]{1,128}@(?!sha256:)/g,
    replace: (_, before = '') => `${before}${mask}@`,
  },
  {
    traces: ['bearer'],
    expression: /\b(bearer[ \t]{1,4})([\w.~+/-]{8,}={0,2})/gi,
    replace: (found, scheme = '') => (hide(found) === mask ? `${scheme}${mask}` : hide(found)),
  },
  {
    traces: ['basic'],
    expression: /\b(basic[ \t]{1,4})([A-Za-z\d+/]{8,}={0,2})/gi,
    replace: (found, scheme = '', credentials = '') => (/[\d=]/.test(credentials) ? `${scheme}${mask}` : found),
  },
  { traces: ['ddrcm_'], expression: /\bDDRCM_[A-Z\d]*([A-Z\d]{5})\b/g, replace: (_, end = '') => `DDRCM_${'*'.repeat(27)}${end}` },
  { traces: ['ddapp_', 'ddpat_'], expression: /\b(ddapp|ddpat)_[\w-]{8,}/g, replace: (_, kind = '') => `${kind}_${mask}` },
  { traces: [String.raw`[\da-f]{32}`], expression: /\b(?:[\da-f]{32}|[\da-f]{40})\b/gi, replace: keyWithEnd },
];

const pemBegin = /-----BEGIN [A-Z0-9 ]{1,64}-----/;

/** PEM blocks are hidden whole; one that never ends, to the end of the text. */
export function maskPem(text: string): string {
  let masked = '';
  let rest = text;
  for (let begin = pemBegin.exec(rest); begin !== null; begin = pemBegin.exec(rest)) {
    const end = /-----END [A-Z0-9 ]{1,64}-----/.exec(rest.slice(begin.index));
    masked += rest.slice(0, begin.index) + mask;
    rest = end === null ? '' : rest.slice(begin.index + end.index + end[0].length);
  }
  return masked + rest;
}
