import { z } from 'zod';
import { Secret } from '../secrets/index.ts';
import type { Access } from './endpoint.ts';

const further = z.array(z.object({ url: z.url({ protocol: /^https?$/ }), api_key: z.string(), app_key: z.string() }).loose());

/**
 * What `external_metrics_provider.endpoints` says.
 *
 * @throws Error that names the entry and the field, never a key
 */
export function furtherAccess(value: unknown): readonly Access[] {
  const parsed = further.safeParse(value);
  if (parsed.success) return parsed.data.map(({ url, api_key, app_key }) => ({ url, apiKey: secret(api_key), appKey: secret(app_key) }));
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(
    `could not parse external_metrics_provider.endpoints: ${problems.join('; ')}; it is a list of objects with url, api_key and app_key`,
  );
}

function secret(text: string): Secret {
  return new Secret(text.trim());
}
