import { setting, type } from '../config/index.ts';

export const scrubberSettings = {
  additionalKeys: setting('scrubber.additional_keys', {
    type: type.list,
    default: [],
    description: 'More keys whose values are masked in everything that the agent shows',
  }),
  flareStrippedKeys: setting('flare_stripped_keys', { type: type.list, default: [], description: 'The same under its older name' }),
} as const;
