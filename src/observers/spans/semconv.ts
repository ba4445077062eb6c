/** Owns the names that all spans share (resource, scope, schema) with their source; those of attributes are in attributes.ts. */

/** Of our own scope; its version is the package's. */
export const SCOPE_NAME = 'wampscope';

/** Semantic conventions that the names below are taken from. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** Value of `rpc.system.name` and `messaging.system.name`: custom values are allowed where no known one fits. */
export const SYSTEM = 'wamp';

/** OpenTelemetry's word for a value outside a bounded set (semconv rpc, "rpc.method"; general, "error.type"). */
export const OTHER = '_OTHER';

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
