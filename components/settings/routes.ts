import { RouteError, type Route, type RouteRequest, type RouteResponse } from '../api-server/index.ts';
import { UnknownSettingError, type Settings } from './index.ts';

/** What the commands `config` and its subcommands ask for. Fixed names come before the route that takes any. */
export function settingsRoutes(settings: Settings): readonly Route[] {
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, access: 'session', handle: answering(handle) });
  return [
    get('/config', async () => yaml(await settings.yaml())),
    get('/config/without-defaults', async () => yaml(await settings.yaml({ withoutDefaults: true }))),
    get('/config/by-source', async () => json(await settings.bySource())),
    get('/config/list-runtime', () => json(listOf(settings))),
    get('/config/:setting', ({ params, query }) => json(valueOf(settings, params['setting'] ?? '', query.get('sources') === 'true'))),
    {
      method: 'POST',
      path: '/config/:setting',
      access: 'session',
      handle: answering(async (request) => {
        await settings.set(request.params['setting'] ?? '', unescapeHtml(await formValue(request)), 'cli');
        return {};
      }),
    },
  ];
}

/** Errors as the Go agent words them: JSON in plain text, 400 only for a setting that there is not. */
function answering(handle: Route['handle']): Route['handle'] {
  return async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      if (error instanceof RouteError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new RouteError(error instanceof UnknownSettingError ? 400 : 500, JSON.stringify({ error: message }));
    }
  };
}

function yaml(text: string): RouteResponse {
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

function json(value: unknown): RouteResponse {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function listOf({ runtime }: Settings): Readonly<Record<string, unknown>> {
  return Object.fromEntries(runtime.map(({ name, description, isHidden }) => [name, { Description: description, Hidden: isHidden }]));
}

function valueOf(settings: Settings, name: string, withSources: boolean): Readonly<Record<string, unknown>> {
  const { value, sources } = settings.get(name);
  if (!withSources) return { value };
  return { value, sources_value: sources.map((each) => ({ Source: each.source, Value: each.value })) };
}

/** The field `value` of a form, or else of the query. */
async function formValue(request: RouteRequest): Promise<string> {
  const form = new URLSearchParams(new TextDecoder().decode(await request.body()));
  return form.get('value') ?? request.query.get('value') ?? '';
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

/** Commands of the Go agent escape values, so that those which have special characters arrive as they were typed. */
function unescapeHtml(text: string): string {
  return text.replaceAll(/&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-f]{1,6});/gi, (entity) => {
    if (!entity.startsWith('&#')) return entities[entity.toLowerCase()] ?? entity;
    const code = Number(entity.slice(2, -1).replace(/^x/i, '0x'));
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : entity;
  });
}
