import { readFile } from 'node:fs/promises';
import { certificatesIn } from './client-certificate.ts';
import type { TrustFiles } from './index.ts';
import type { PublishedTrust } from './trust.ts';

export function hasFiles({ clientCaFile, frontProxyCaFile }: TrustFiles): boolean {
  return clientCaFile !== undefined || frontProxyCaFile !== undefined;
}

/** Whether files leave something to the API server to say. */
export function needsLookup({ isLookupSkipped = false, clientCaFile, frontProxyCaFile }: TrustFiles): boolean {
  return !isLookupSkipped && (clientCaFile === undefined || frontProxyCaFile === undefined);
}

/**
 * Reads the files, as the API server would publish what they say.
 *
 * @throws Error that names the file
 */
export async function publishedBy({ clientCaFile, frontProxyCaFile, ...names }: TrustFiles): Promise<PublishedTrust> {
  const { frontProxyNames = [], usernameHeaders = ['X-Remote-User'], uidHeaders = [] } = names;
  const { groupHeaders = ['X-Remote-Group'], extraPrefixes = ['X-Remote-Extra-'] } = names;
  const clients = clientCaFile === undefined ? {} : { 'client-ca-file': await bundleIn(clientCaFile) };
  if (frontProxyCaFile === undefined) return clients;
  return {
    ...clients,
    'requestheader-client-ca-file': await bundleIn(frontProxyCaFile),
    'requestheader-allowed-names': JSON.stringify(frontProxyNames),
    'requestheader-username-headers': JSON.stringify(usernameHeaders),
    'requestheader-uid-headers': JSON.stringify(uidHeaders),
    'requestheader-group-headers': JSON.stringify(groupHeaders),
    'requestheader-extra-headers-prefix': JSON.stringify(extraPrefixes),
  };
}

/** A bundle without certificates would let nobody in, and is taken for a file that is not whole yet. */
async function bundleIn(file: string): Promise<string> {
  try {
    const bundle = await readFile(file, 'utf8');
    if (certificatesIn(bundle).length > 0) return bundle;
  } catch (error) {
    throw new Error(`${file}: authorities cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  throw new Error(`${file}: authorities cannot be read: there is no PEM certificate in it`);
}
