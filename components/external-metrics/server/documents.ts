import { createHash } from 'node:crypto';
import { group, version } from './request-info.ts';

/** A body that never changes, and the tag by which a client knows that it has it already. */
export interface Document {
  readonly body: string;
  readonly contentType: string;
  readonly etag: string;
}

const title = 'datadog-custom-metrics-adapter';
const groupVersion = `${group}/${version}`;
const path = `/apis/${groupVersion}`;

function document(content: object, contentType = 'application/json'): Document {
  const body = `${JSON.stringify(content)}\n`;
  return { body, contentType, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` };
}

const apiGroup = { name: group, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };

/**
 * The one resource that is listed. Metrics are not: there are too many. An empty list would do harm: clients then complain of
 * an empty response, and some refuse to work.
 */
const resource = { name: 'externalmetrics', singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] };

function aggregated(of: 'v2' | 'v2beta1'): Document {
  const { name, kind, verbs } = resource;
  // Older clients crash without a response kind.
  const responseKind = { group: '', version: '', kind };
  const resources = [{ resource: name, responseKind, scope: 'Namespaced', singularResource: '', verbs }];
  const items = [{ metadata: { name: group, creationTimestamp: null }, versions: [{ version, resources, freshness: 'Current' }] }];
  const content = { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${of}`, metadata: {}, items };
  return document(content, `application/json;g=apidiscovery.k8s.io;v=${of};as=APIGroupDiscoveryList`);
}

const operation = {
  description: 'read the values of an external metric',
  operationId: 'listExternalMetricsV1beta1NamespacedMetric',
  tags: ['externalMetrics_v1beta1'],
  'x-kubernetes-action': 'list',
  'x-kubernetes-group-version-kind': { group, version, kind: 'ExternalMetricValueList' },
};
const info = { title, version: '1.0.0' };
const parameter = (name: string) => ({ name, in: 'path', required: true });
const valuesPath = `${path}/namespaces/{namespace}/{metric}`;

const openApi2 = document({
  swagger: '2.0',
  info,
  paths: {
    [valuesPath]: {
      get: { ...operation, produces: ['application/json'], responses: { '200': { description: 'OK' } } },
      parameters: ['namespace', 'metric'].map((name) => ({ ...parameter(name), type: 'string' })),
    },
  },
});

const openApi3 = document({
  openapi: '3.0.0',
  info,
  paths: {
    [valuesPath]: {
      get: { ...operation, responses: { '200': { description: 'OK' } } },
      parameters: ['namespace', 'metric'].map((name) => ({ ...parameter(name), schema: { type: 'string' } })),
    },
  },
});

/** What is served without a look at any metric, by path. */
export const documents: ReadonlyMap<string, Document> = new Map([
  ['/apis', document({ kind: 'APIGroupList', apiVersion: 'v1', groups: [{ ...apiGroup, serverAddressByClientCIDRs: null }] })],
  [`/apis/${group}`, document({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup })],
  [path, document({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [resource] })],
  ['/openapi/v2', openApi2],
  ['/openapi/v3', document({ paths: { [path.slice(1)]: { serverRelativeURL: `/openapi/v3${path}?hash=${openApi3.etag.slice(1, 65)}` } } })],
  [`/openapi/v3${path}`, openApi3],
]);

export const discovery = { v2: aggregated('v2'), v2beta1: aggregated('v2beta1') };
