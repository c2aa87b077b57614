/** The kind in which metrics are kept; `datadogmetrics.yaml` beside it says the same to kubectl. */
export const datadogMetricDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'datadogmetrics.datadoghq.com' },
  spec: {
    group: 'datadoghq.com',
    names: { kind: 'DatadogMetric', listKind: 'DatadogMetricList', plural: 'datadogmetrics', singular: 'datadogmetric' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'active', type: 'string', jsonPath: '.status.conditions[?(@.type=="Active")].status' },
          { name: 'valid', type: 'string', jsonPath: '.status.conditions[?(@.type=="Valid")].status' },
          { name: 'value', type: 'string', jsonPath: '.status.currentValue' },
          { name: 'references', type: 'string', jsonPath: '.status.autoscalerReferences' },
          { name: 'update time', type: 'date', jsonPath: '.status.conditions[?(@.type=="Updated")].lastUpdateTime' },
        ],
        schema: {
          openAPIV3Schema: {
            description: 'A query to Datadog whose value autoscalers can read as an external metric.',
            type: 'object',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: {
                type: 'object',
                properties: {
                  query: { description: 'The query; %%tag_kube_cluster_name%% and %%env_NAME%% in it are replaced.', type: 'string' },
                  externalMetricName: {
                    description: 'Set by the agent on objects that it makes for autoscalers; not for people.',
                    type: 'string',
                  },
                  maxAge: { description: 'After how long a value is too old, as a Go duration: 15m.', type: 'string' },
                  timeWindow: { description: 'The window that is queried, as a Go duration; default maxAge.', type: 'string' },
                },
              },
              status: {
                type: 'object',
                required: ['currentValue'],
                properties: {
                  currentValue: { type: 'string' },
                  autoscalerReferences: { type: 'string' },
                  conditions: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: {
                      type: 'object',
                      required: ['type', 'status'],
                      properties: {
                        type: { type: 'string' },
                        status: { type: 'string' },
                        lastTransitionTime: { type: 'string', format: 'date-time' },
                        lastUpdateTime: { type: 'string', format: 'date-time' },
                        reason: { type: 'string' },
                        message: { type: 'string' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};
