import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { datadogMetricDefinition } from './datadogmetric.ts';

it('is the same for kubectl and for programs', () => {
  expect(parse(readFileSync(new URL('datadogmetrics.yaml', import.meta.url), 'utf8'))).toEqual(datadogMetricDefinition);
});
