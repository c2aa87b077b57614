import { type Json, type JsonObject, arrayAt, isObject, objectAt, textAt } from '../json.ts';

/** Sets `field` where it is missing. */
export function fill(target: JsonObject, values: JsonObject): void {
  for (const [key, value] of Object.entries(values)) target[key] ??= value;
}

/** The objects of the list at `path`. */
export function items(value: Json | undefined, ...path: readonly string[]): JsonObject[] {
  return arrayAt(value, ...path).filter(isObject);
}

/** Fills in, in place, what the API server fills in in every pod spec, alone or in a template. */
export function defaultPodSpec(spec: JsonObject): void {
  fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  const account = textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount');
  if (account !== '') Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  for (const container of [...items(spec, 'initContainers'), ...items(spec, 'containers')]) defaultContainer(container);
  for (const volume of items(spec, 'volumes')) defaultVolume(volume);
}

function defaultContainer(container: JsonObject): void {
  const image = textAt(container, 'image');
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1] ?? '';
  const moving = !image.includes('@') && (tag === '' || tag === 'latest');
  fill(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: moving ? 'Always' : 'IfNotPresent',
    resources: {},
  });
  for (const port of items(container, 'ports')) fill(port, { protocol: 'TCP' });
  for (const variable of items(container, 'env')) {
    const field = objectAt(variable, 'valueFrom', 'fieldRef');
    if (Object.keys(field).length > 0) fill(field, { apiVersion: 'v1' });
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(container[probe]);
  const { limits, requests } = objectAt(container, 'resources');
  if (isObject(limits)) objectAt(container, 'resources')['requests'] = { ...limits, ...(isObject(requests) ? requests : {}) };
}

function defaultProbe(probe: Json | undefined): void {
  if (!isObject(probe)) return;
  fill(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  const get = objectAt(probe, 'httpGet');
  if (Object.keys(get).length > 0) fill(get, { path: '/', scheme: 'HTTP' });
}

function defaultVolume(volume: JsonObject): void {
  if (Object.keys(volume).length === 1) volume['emptyDir'] = {};
  for (const source of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    const value = volume[source];
    if (isObject(value)) fill(value, { defaultMode: 420 });
  }
  const host = volume['hostPath'];
  if (isObject(host)) fill(host, { type: '' });
}

/** The quality of service class that follows from a pod's requests and limits. */
export function qosClass(spec: JsonObject): string {
  const containers = [...items(spec, 'initContainers'), ...items(spec, 'containers')].map((container) => objectAt(container, 'resources'));
  const named = containers.some(
    (resources) => Object.keys({ ...objectAt(resources, 'requests'), ...objectAt(resources, 'limits') }).length > 0,
  );
  if (!named) return 'BestEffort';
  const guaranteed = containers.every((resources) =>
    ['cpu', 'memory'].every((name) => {
      const limit = objectAt(resources, 'limits')[name];
      return limit !== undefined && limit === (objectAt(resources, 'requests')[name] ?? limit);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
