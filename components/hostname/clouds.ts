import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../src/fx/index.ts';
import type { Config } from '../config/index.ts';
import { hostnameSettings } from './settings.ts';

/** Where clouds tell a machine about itself. */
export interface CloudSurroundings {
  /** The metadata service; the same address in every cloud. */
  readonly metadataUrl: string;
  /** What the firmware says of the machine. */
  readonly firmware: string;
}
export const systemClouds: CloudSurroundings = { metadataUrl: 'http://169.254.169.254', firmware: '/sys/class/dmi/id' };

/** For all of them together: a start must not wait for a service that is not there. */
const limitMs = 400;
/** Bytes. */
const answerMax = 65_536;

type Cloud = 'aws' | 'gcp' | 'azure';
interface Question {
  /** Default GET. */
  readonly method?: 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}
interface Machine {
  readonly config: Config;
  readonly firmware: Readonly<Record<FirmwareFile, string>>;
  readonly ask: (question: Question) => Promise<string>;
}

/** A cloud: how its machines are known, and what it calls them. */
interface Asked {
  readonly brand: RegExp;
  /** Whether a setting says that this is its cloud, whatever the firmware does. */
  readonly isNamed: (config: Config) => boolean;
  readonly name: (machine: Machine) => Promise<string>;
}

const clouds: Readonly<Record<Cloud, Asked>> = {
  aws: { brand: /amazon/i, isNamed: (config) => config.get(hostnameSettings.prioritizeInstanceId), name: instanceId },
  gcp: {
    brand: /google/i,
    isNamed: () => false,
    name: ({ ask }) => ask({ path: '/computeMetadata/v1/instance/hostname', headers: { 'Metadata-Flavor': 'Google' } }),
  },
  azure: { brand: /microsoft/i, isNamed: (config) => config.get(hostnameSettings.azureStyle) !== 'os', name: virtualMachine },
};

/** The names that clouds give to this machine, which are asked all at the same time. */
export class CloudNames {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #surroundings: CloudSurroundings;
  #names: Readonly<Record<Cloud, Promise<string>>> | undefined;

  constructor({ config, clock }: { readonly config: Config; readonly clock: Clock }, surroundings: CloudSurroundings) {
    this.#config = config;
    this.#clock = clock;
    this.#surroundings = surroundings;
  }

  /** @param signal ends the questions that nobody waits for any more, too */
  ask(signal: AbortSignal): void {
    const late = new AbortController();
    const cancel = this.#clock.after(limitMs, () => late.abort(new Error(`the metadata service did not answer within ${limitMs} ms`)));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    const machine = this.#machine(AbortSignal.any([signal, late.signal]));
    const names = { aws: this.#nameOf('aws', machine), gcp: this.#nameOf('gcp', machine), azure: this.#nameOf('azure', machine) };
    for (const each of Object.values(names)) each.catch(() => {});
    this.#names = names;
  }

  /** @throws Error that says why it is not known, or was not asked for */
  async get(cloud: Cloud): Promise<string> {
    if (this.#names === undefined) throw new Error('no cloud was asked');
    return this.#names[cloud];
  }

  async #nameOf(cloud: Cloud, known: Promise<Machine>): Promise<string> {
    if (!this.#config.get(hostnameSettings.clouds).includes(cloud)) throw new Error(`cloud_provider_metadata does not list ${cloud}`);
    const machine = await known;
    const { brand, isNamed, name } = clouds[cloud];
    const isThere = isNamed(this.#config) || brand.test(Object.values(machine.firmware).join('\n'));
    if (!isThere) throw new Error('the firmware of this machine names another maker, or none');
    return (await name(machine)).trim();
  }

  async #machine(signal: AbortSignal): Promise<Machine> {
    const { firmware, metadataUrl } = this.#surroundings;
    return { config: this.#config, firmware: await readFirmware(firmware), ask: (question) => answerOf(metadataUrl, question, signal) };
  }
}

const firmwareFiles = ['sys_vendor', 'product_name', 'product_version', 'bios_vendor', 'bios_version', 'board_asset_tag'] as const;
type FirmwareFile = (typeof firmwareFiles)[number];

/** Empty texts for what cannot be read: not every machine has it. */
async function readFirmware(folder: string): Promise<Record<FirmwareFile, string>> {
  const read = async (name: FirmwareFile) => [name, (await readFile(join(folder, name), 'utf8').catch(() => '')).trim()] as const;
  return Object.fromEntries(await Promise.all(firmwareFiles.map(read))) as Record<FirmwareFile, string>;
}

/** From the firmware, where a pod can read it; the service is not always within its reach. Version 2 only, which asks for a token first. */
async function instanceId({ firmware, ask }: Machine): Promise<string> {
  const { board_asset_tag: tag } = firmware;
  if (/^i-[0-9a-f]+$/.test(tag)) return tag;
  const token = await ask({ method: 'PUT', path: '/latest/api/token', headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' } });
  return ask({ path: '/latest/meta-data/instance-id', headers: { 'X-aws-ec2-metadata-token': token } });
}

interface AzureCompute {
  readonly vmId?: string;
  readonly name?: string;
  readonly resourceGroupName?: string;
  readonly subscriptionId?: string;
}

const azureStyles: Readonly<Record<string, (compute: AzureCompute) => readonly (string | undefined)[]>> = {
  vmid: ({ vmId }) => [vmId],
  name: ({ name }) => [name],
  name_and_resource_group: ({ name, resourceGroupName }) => [name, resourceGroupName],
  full: ({ name, resourceGroupName, subscriptionId }) => [name, resourceGroupName, subscriptionId],
};

async function virtualMachine({ config, ask }: Machine): Promise<string> {
  const style = config.get(hostnameSettings.azureStyle);
  if (style === 'os') throw new Error("azure_hostname_style is set to 'os'");
  const parts = azureStyles[style];
  if (parts === undefined)
    throw new Error(`azure_hostname_style is set to '${style}', not to one of os, ${Object.keys(azureStyles).join(', ')}`);
  const answer = await ask({ path: '/metadata/instance/compute?api-version=2017-08-01', headers: { Metadata: 'true' } });
  return parts((JSON.parse(answer) as AzureCompute | null) ?? {}).join('.');
}

/** What the metadata service says, asked directly whatever proxies there are. */
function answerOf(url: string, { method, path, headers }: Question, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { method: method ?? 'GET', headers, signal, agent: false }, (answer) => {
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > answerMax) asked.destroy(new Error('the metadata service says more than a name'));
      });
      const { statusCode } = answer;
      if (statusCode === 200) text(answer).then(resolve, reject);
      else asked.destroy(new Error(`the metadata service answers with ${statusCode} at ${path}`));
    });
    // What ends a request says why; the request itself only that it was ended.
    asked.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    asked.end();
  });
}
