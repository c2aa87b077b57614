import { Clock, component } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { Random } from '../random/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { Caller } from './caller.ts';
import { Denials } from './denials.ts';
import { type Denial, Kubernetes, kubernetesSettings } from './index.ts';
import { JsonClient } from './json-client.ts';
import { Transport } from './transport.ts';
import { waitForApi, type WaitParts } from './wait-for-api.ts';

interface Parts extends Omit<WaitParts, 'client'> {
  readonly caller: Caller;
  readonly denials: Denials;
}

class HttpKubernetes extends JsonClient implements Kubernetes {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super(parts.caller, parts.clock);
    this.#parts = parts;
  }

  waitForApi(signal: AbortSignal): Promise<void> {
    return waitForApi({ ...this.#parts, client: this }, signal);
  }

  get denials(): readonly Denial[] {
    return this.#parts.denials.all;
  }
}

/** A real API server, over HTTP. It answers from the start of the transport on, and not before. */
export const httpKubernetes = component({
  provides: Kubernetes,
  requires: { transport: Transport, denials: Denials, config: Config, clock: Clock, random: Random, log: Log, telemetry: Telemetry },
  create({ config, telemetry, ...parts }) {
    const timeouts = telemetry.counter({
      subsystem: '',
      name: 'apiserver_client_timeouts',
      help: 'Calls to the Kubernetes API server that were given up because their time was up.',
    });
    const timeoutMs = config.get(kubernetesSettings.apiserverClientTimeout) * 1000;
    return new HttpKubernetes({ ...parts, caller: new Caller({ ...parts, timeoutMs, timeouts }) });
  },
});
