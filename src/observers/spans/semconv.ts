/** Owns the names that are OpenTelemetry's, each with its source: attributes of spans, resource, scope, schema. */

/** Of our own scope; its version is the package's. */
export const SCOPE_NAME = 'wampscope';

/** Semantic conventions that the names below are taken from. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** Value of `rpc.system.name` and `messaging.system.name`: custom values are allowed where no known one fits. */
export const SYSTEM = 'wamp';

/** OpenTelemetry's word for a value outside a bounded set (semconv rpc, "rpc.method"; general, "error.type"). */
export const OTHER = '_OTHER';

export type AttributeType = 'string' | 'int' | 'double' | 'boolean';

/** How many values one takes in a running router; `never` in a label of a metric what is not `low`. */
export type Cardinality = 'low' | 'bounded' | 'high' | 'unbounded' | 'number';

/** One line of the registry; `attributes.ts` says what its parts are. */
export type AttributeRow = readonly [
  name: string,
  type: AttributeType,
  on: string,
  cardinality: Cardinality,
  source: string,
  meaning: string,
];

const RPC = 'semconv 1.45 rpc, stable';
const ERROR = 'semconv 1.45 error, stable';
const MESSAGING = 'semconv 1.45 messaging, development';
/** What spans carry; where a name of theirs exists we have none of our own. */
export const SEMCONV_ROWS = {
  // Semconv stable.
  rpcSystemName: ['rpc.system.name', 'string', 'call, invoke', 'low', RPC, '`wamp`'],
  rpcMethod: [
    'rpc.method',
    'string',
    'call, invoke',
    'bounded',
    RPC,
    'the procedure or pattern as registered; `_OTHER` when no registration was found',
  ],
  rpcMethodOriginal: [
    'rpc.method_original',
    'string',
    'call, invoke',
    'unbounded',
    RPC,
    'the URI as called, when `rpc.method` is another',
  ],
  rpcStatusCode: [
    'rpc.status_code',
    'string',
    'call, invoke',
    'bounded',
    RPC,
    '`OK`, or the error URI: those of WAMP and the first 200 others, then `_OTHER`',
  ],
  errorType: [
    'error.type',
    'string',
    'all that failed',
    'bounded',
    ERROR,
    'the error URI, bounded as `rpc.status_code`; `callee_disconnected`; `dropped`',
  ],
  clientAddress: ['client.address', 'string', 'session open', 'high', 'semconv 1.45 client, stable', 'of the peer'],
  clientPort: ['client.port', 'int', 'session open', 'number', 'semconv 1.45 client, stable', 'of the peer'],
  userAgent: [
    'user_agent.original',
    'string',
    'session open',
    'high',
    'semconv 1.45 user_agent, stable; WAMP basic, "HELLO"',
    '`HELLO.Details.agent`',
  ],
  // Semconv development.
  messagingSystemName: ['messaging.system.name', 'string', 'publish, deliver', 'low', MESSAGING, '`wamp`'],
  messagingOperationName: [
    'messaging.operation.name',
    'string',
    'publish, deliver',
    'low',
    MESSAGING,
    '`publish` or `deliver`',
  ],
  messagingOperationType: [
    'messaging.operation.type',
    'string',
    'publish, deliver',
    'low',
    MESSAGING,
    '`send`: both hops hand a message on',
  ],
  messagingDestinationName: [
    'messaging.destination.name',
    'string',
    'publish, deliver',
    'unbounded',
    MESSAGING,
    'the topic',
  ],
  messagingMessageId: [
    'messaging.message.id',
    'string',
    'publish, deliver',
    'unbounded',
    MESSAGING,
    'the publication id, when somebody was there to receive',
  ],
  messagingConversationId: [
    'messaging.message.conversation_id',
    'string',
    'publish',
    'unbounded',
    MESSAGING,
    'the correlation id',
  ],
  messagingBatchMessageCount: [
    'messaging.batch.message_count',
    'int',
    'deliver',
    'number',
    MESSAGING,
    'EVENTs sent, unless it is a single one',
  ],
} as const satisfies Record<string, AttributeRow>;

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
