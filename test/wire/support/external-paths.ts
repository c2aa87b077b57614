/**
 * Which paths the Go agent opens to node agents and runners: those that begin so and have as many pieces between slashes, the empty one
 * before the first slash among them. All others are for commands beside the agent.
 */
const external: readonly (readonly [start: string, pieces: number])[] = [
  ['/version', 2],
  ['/api/v1/languagedetection', 4],
  ['/api/v1/metadata/', 7],
  ['/api/v1/annotations/node/', 6],
  ['/api/v1/cf/apps', 5],
  ['/api/v1/cf/apps/', 6],
  ['/api/v1/cf/org_quotas', 5],
  ['/api/v1/cf/orgs', 5],
  ['/api/v1/cluster/id', 5],
  ['/api/v1/clusterchecks/', 6],
  ['/api/v1/endpointschecks/', 6],
  ['/api/v1/metadata/namespace/', 6],
  ['/api/v1/tags/cf/apps/', 7],
  ['/api/v1/tags/namespace/', 6],
  ['/api/v1/tags/node/', 6],
  ['/api/v1/tags/pod/', 6],
  ['/api/v1/tags/pod/', 8],
  // Of later versions.
  ['/api/v1/uid/node/', 6],
  ['/api/v1/instrumentation/', 5],
  ['/api/v2/series', 4],
];

export function isExternal(path: string): boolean {
  return external.some(
    ([start, pieces]) => path.split('/').length === pieces && (start.endsWith('/') ? path.startsWith(start) : path === start),
  );
}
