import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { component, many } from '../../src/fx/index.ts';
import { Config, configSettings, endpointOf, wayOut } from '../config/index.ts';
import { DiagnoseSuite, type Diagnosis } from './index.ts';

const timeoutMs = 5000;
const name = 'API key';

/** Whether Datadog can be reached, and takes the API key. */
export const datadogSuite = component({
  name: 'diagnose-datadog',
  provides: many(DiagnoseSuite),
  requires: { config: Config },
  create: ({ config }): DiagnoseSuite => ({
    name: 'connectivity-datadog-core-endpoints',
    run: async (signal) => [await validate(config, signal)],
  }),
});

async function validate(config: Config, signal: AbortSignal): Promise<Diagnosis> {
  const endpoint = endpointOf(config, 'api', configSettings.ddUrl);
  const key = config.get(configSettings.apiKey);
  if (key.isEmpty)
    return { name, result: 'fail', diagnosis: 'there is none', remediation: 'set DD_API_KEY, or api_key in the configuration' };
  try {
    const status = await statusOf(new URL('/api/v1/validate', endpoint), { config, signal, headers: { 'DD-API-KEY': key.reveal() } });
    if (status === 200) return { name, result: 'success', diagnosis: `${endpoint} takes it` };
    if (status === 403) {
      const remediation = 'check DD_API_KEY, and that DD_SITE is the site of that organisation';
      return { name, result: 'fail', diagnosis: `${endpoint} refuses it (403)`, remediation };
    }
    return { name, result: 'warning', diagnosis: `${endpoint} answers with ${status}` };
  } catch (error) {
    const remediation = 'check DD_SITE, the proxy settings, and that the network lets the agent through';
    return { name, result: 'fail', diagnosis: `${endpoint} cannot be reached: ${reasonOf(error)}`, remediation };
  }
}

interface Asking {
  readonly config: Config;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

async function statusOf(url: URL, { config, signal, headers }: Asking): Promise<number | undefined> {
  const way = wayOut(config);
  const [get, agent] = url.protocol === 'https:' ? ([httpsGet, new HttpsAgent(way)] as const) : ([httpGet, new HttpAgent(way)] as const);
  const options = { headers, agent, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => void get(url, options, resolve).on('error', reject));
  answer.destroy();
  return answer.statusCode;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'AbortError' || error.name === 'TimeoutError' ? `no answer within ${timeoutMs / 1000} s` : error.message;
}
