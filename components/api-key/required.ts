import { component, Lifecycle, many } from '../../src/fx/index.ts';
import { Config, configSettings, endpointOf } from '../config/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { StatusProvider } from '../status/index.ts';

/**
 * The agent does not start where no API key is set. Whether it is a good one is not asked: losing Datadog must not stop it.
 * The key is masked everywhere from construction on, but for its last five characters in the status.
 */
export const requiredApiKey = component({
  name: 'api-key',
  provides: many(StatusProvider),
  requires: { config: Config, scrubber: Scrubber, lifecycle: Lifecycle },
  create({ config, scrubber, lifecycle }) {
    const keys = [configSettings.apiKey, configSettings.appKey];
    const remember = (): void => keys.forEach((key) => scrubber.remember(config.get(key).reveal()));
    remember();
    let unsubscribe: (() => void) | undefined;
    lifecycle.append({
      name: 'require',
      start: () => {
        if (!config.isSet(configSettings.apiKey))
          throw new Error('no API key configured, exiting; set DD_API_KEY, or api_key in datadog-cluster.yaml');
        unsubscribe = config.onChange(({ key }) => {
          if (keys.some((each) => each.key === key)) remember();
        });
      },
      stop: () => unsubscribe?.(),
    });
    return endpointsStatus(config);
  },
});

/** Where data goes, and the end of the key that goes with it. */
function endpointsStatus(config: Config): StatusProvider {
  const infos = (): Readonly<Record<string, readonly string[]>> => {
    const key = config.get(configSettings.apiKey).reveal();
    return key === '' ? {} : { [endpointOf(config, 'app', configSettings.ddUrl)]: [key.slice(-5)] };
  };
  return {
    name: 'endpoints',
    section: 'endpoints',
    json: () => ({ endpointsInfos: infos() }),
    text: () => {
      const lines = Object.entries(infos()).map(
        ([url, keys]) => `  ${url} - API Key${keys.length > 1 ? 's' : ''} ending with:\n${keys.map((key) => `      - ${key}\n`).join('')}`,
      );
      return `\n${lines.length === 0 ? 'No endpoints information. The agent may be misconfigured.\n' : lines.join('')}`;
    },
  };
}
