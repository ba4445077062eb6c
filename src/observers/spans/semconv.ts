/** Owns every name that spans carry to the outside (attributes, resource, scope, schema) with its source. */

/** Of our own scope; its version is the package's. */
export const SCOPE_NAME = 'wampscope';

/** Semantic conventions that the names below are taken from. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** Value of `rpc.system.name` and `messaging.system.name`: custom values are allowed where no known one fits. */
export const SYSTEM = 'wamp';

/** OpenTelemetry's word for a value outside a bounded set (semconv rpc, "rpc.method"; general, "error.type"). */
export const OTHER = '_OTHER';

/** Attributes of spans. */
export const Attribute = {
  // Semconv 1.45.0 stable: rpc, error.
  rpcSystemName: 'rpc.system.name',
  rpcMethod: 'rpc.method',
  rpcStatusCode: 'rpc.status_code',
  errorType: 'error.type',
  // Semconv 1.45.0 development: messaging.
  messagingSystemName: 'messaging.system.name',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestinationName: 'messaging.destination.name',
  messagingMessageId: 'messaging.message.id',
  messagingConversationId: 'messaging.message.conversation_id',
  messagingBatchMessageCount: 'messaging.batch.message_count',
  // Ours (docs/adr/006-span-pipelines.md).
  /** The action that the span belongs to: call, publish … */
  action: 'wamp.action',
  realm: 'wamp.realm',
  /** Of SUBSCRIBE, REGISTER …; CALL and PUBLISH have theirs in `rpc.method` and `messaging.destination.name`. */
  uri: 'wamp.uri',
  /** The session at the other end of the hop that the span covers. Text: ids reach 2^53 and are only ever compared. */
  sessionId: 'wamp.session.id',
  authid: 'wamp.authid',
  authrole: 'wamp.authrole',
  correlationId: 'wamp.correlation_id',
  requestId: 'wamp.request.id',
  registrationId: 'wamp.registration.id',
  subscriptionId: 'wamp.subscription.id',
  /** Octets of the message that began the action, before framing. */
  messageSize: 'wamp.message.size',
  outcome: 'wamp.outcome',
  errorUri: 'wamp.error.uri',
  /** Whose fault: caller, router, callee, canceled. */
  errorClass: 'wamp.error.class',
  progressCount: 'wamp.call.progress.count',
  acknowledge: 'wamp.publish.acknowledge',
  recipients: 'wamp.event.recipients',
  delivered: 'wamp.event.delivered',
  dropped: 'wamp.event.dropped',
  eventBytes: 'wamp.event.bytes',
  /** Why the action is kept: native_trace, remote, rule, ratio, error, slow. */
  samplingReason: 'wamp.sampling.reason',
  /** Kept at its end, when those downstream had not been told to keep theirs. */
  samplingPartial: 'wamp.sampling.partial',
} as const;

/** Attributes of the resource (semconv 1.45.0, resource). */
export const ResourceAttribute = {
  serviceName: 'service.name',
  serviceVersion: 'service.version',
  serviceInstanceId: 'service.instance.id',
  telemetrySdkName: 'telemetry.sdk.name',
  telemetrySdkLanguage: 'telemetry.sdk.language',
  telemetrySdkVersion: 'telemetry.sdk.version',
  processPid: 'process.pid',
  processRuntimeName: 'process.runtime.name',
  processRuntimeVersion: 'process.runtime.version',
  hostName: 'host.name',
} as const;
