/**
 * Field numbers of the messages that kubectl sends as protobuf whatever the server offers: only those of its own `create`, `auth` and
 * `token` commands. A line is a message; a field is `number name type`, with `*` for a list and `%` for a map of text to that type.
 */
const LINES = `
ObjectMeta: 1 name text, 2 generateName text, 3 namespace text, 4 selfLink text, 5 uid text, 6 resourceVersion text, 7 generation int, 8 creationTimestamp Time, 10 deletionGracePeriodSeconds int, 11 labels %text, 12 annotations %text, 14 finalizers *text
Time: 1 seconds int, 2 nanos int
IntOrString: 1 type int, 2 intVal int, 3 strVal text
Quantity: 1 string text
SelfSubjectAccessReview: 1 metadata ObjectMeta, 2 spec AccessSpec, 3 status AccessStatus
SubjectAccessReview: 1 metadata ObjectMeta, 2 spec SubjectSpec, 3 status AccessStatus
AccessSpec: 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes
SubjectSpec: 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes, 3 user text, 4 groups *text, 6 uid text
AccessStatus: 1 allowed bool, 2 reason text, 3 evaluationError text, 4 denied bool
ResourceAttributes: 1 namespace text, 2 verb text, 3 group text, 4 version text, 5 resource text, 6 subresource text, 7 name text
NonResourceAttributes: 1 path text, 2 verb text
SelfSubjectRulesReview: 1 metadata ObjectMeta, 2 spec RulesSpec, 3 status RulesStatus
RulesSpec: 1 namespace text
RulesStatus: 3 incomplete bool, 4 evaluationError text
TokenRequest: 1 metadata ObjectMeta, 2 spec TokenSpec, 3 status TokenStatus
TokenSpec: 1 audiences *text, 4 expirationSeconds int
TokenStatus: 1 token text, 2 expirationTimestamp Time
Namespace: 1 metadata ObjectMeta, 2 spec Finalizers, 3 status Phase
Finalizers: 1 finalizers *text
Phase: 1 phase text
ConfigMap: 1 metadata ObjectMeta, 2 data %text, 3 binaryData %bytes, 4 immutable bool
Secret: 1 metadata ObjectMeta, 2 data %bytes, 3 type text, 4 stringData %text, 5 immutable bool
ServiceAccount: 1 metadata ObjectMeta, 2 secrets *ObjectReference, 4 automountServiceAccountToken bool
ObjectReference: 1 kind text, 2 namespace text, 3 name text, 4 uid text, 5 apiVersion text, 6 resourceVersion text, 7 fieldPath text
Role: 1 metadata ObjectMeta, 2 rules *PolicyRule
ClusterRole: 1 metadata ObjectMeta, 2 rules *PolicyRule
PolicyRule: 1 verbs *text, 2 apiGroups *text, 3 resources *text, 4 resourceNames *text, 5 nonResourceURLs *text
RoleBinding: 1 metadata ObjectMeta, 2 subjects *Subject, 3 roleRef RoleRef
ClusterRoleBinding: 1 metadata ObjectMeta, 2 subjects *Subject, 3 roleRef RoleRef
Subject: 1 kind text, 2 apiGroup text, 3 name text, 4 namespace text
RoleRef: 1 apiGroup text, 2 kind text, 3 name text
Deployment: 1 metadata ObjectMeta, 2 spec DeploymentSpec, 3 status DeploymentStatus
DeploymentSpec: 1 replicas int, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy, 5 minReadySeconds int, 6 revisionHistoryLimit int, 7 paused bool, 9 progressDeadlineSeconds int
DeploymentStrategy: 1 type text
DeploymentStatus: 1 observedGeneration int, 2 replicas int, 3 updatedReplicas int, 4 availableReplicas int, 5 unavailableReplicas int, 7 readyReplicas int
LabelSelector: 1 matchLabels %text, 2 matchExpressions *Requirement
Requirement: 1 key text, 2 operator text, 3 values *text
PodTemplateSpec: 1 metadata ObjectMeta, 2 spec PodSpec
PodSpec: 2 containers *Container, 3 restartPolicy text, 4 terminationGracePeriodSeconds int, 6 dnsPolicy text, 7 nodeSelector %text, 8 serviceAccountName text, 9 serviceAccount text, 10 nodeName text, 11 hostNetwork bool, 12 hostPID bool, 13 hostIPC bool, 16 hostname text, 17 subdomain text, 19 schedulerName text, 24 priorityClassName text
Container: 1 name text, 2 image text, 3 command *text, 4 args *text, 5 workingDir text, 6 ports *ContainerPort, 7 env *EnvVar, 8 resources ResourceRequirements, 13 terminationMessagePath text, 14 imagePullPolicy text, 16 stdin bool, 17 stdinOnce bool, 18 tty bool, 20 terminationMessagePolicy text
ResourceRequirements: 1 limits %Quantity, 2 requests %Quantity
ContainerPort: 1 name text, 2 hostPort int, 3 containerPort int, 4 protocol text, 5 hostIP text
EnvVar: 1 name text, 2 value text
Service: 1 metadata ObjectMeta, 2 spec ServiceSpec, 3 status ServiceStatus
ServiceSpec: 1 ports *ServicePort, 2 selector %text, 3 clusterIP text, 4 type text, 7 sessionAffinity text, 8 loadBalancerIP text, 10 externalName text, 11 externalTrafficPolicy text, 12 healthCheckNodePort int, 13 publishNotReadyAddresses bool
ServicePort: 1 name text, 2 protocol text, 3 port int, 4 targetPort IntOrString, 5 nodePort int
ServiceStatus: 1 loadBalancer LoadBalancerStatus
LoadBalancerStatus:
`;

/** One field of a message. */
export interface ProtobufField {
  readonly name: string;
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
}

function parseLine(line: string): [string, ReadonlyMap<number, ProtobufField>] {
  const [message = '', rest = ''] = line.split(':');
  const fields = rest
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part): [number, ProtobufField] => {
      const [number = '', name = '', type = ''] = part.trim().split(' ');
      const shape = type.startsWith('*') ? 'list' : type.startsWith('%') ? 'map' : 'one';
      return [Number(number), { name, type: type.replace(/^[*%]/, ''), shape }];
    });
  return [message, new Map(fields)];
}

/** The fields of each message, by number. */
export const protobufMessages: ReadonlyMap<string, ReadonlyMap<number, ProtobufField>> = new Map(
  LINES.split('\n')
    .filter((line) => line !== '')
    .map(parseLine),
);
