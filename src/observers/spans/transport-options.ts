/** Owns the words in which the official transport is told our settings. Loads nothing of it. */

import type {
  createOtlpHttpExportDelegate,
  httpAgentFactoryFromOptions,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { ExportSettings } from './settings.js';

export type TransportOptions = Parameters<typeof createOtlpHttpExportDelegate>[0];

export function transportOptions(
  settings: ExportSettings,
  concurrencyLimit: number,
  agentFactoryOf: typeof httpAgentFactoryFromOptions,
): TransportOptions {
  return {
    url: settings.url,
    // A fresh object each time, since the transport adds to it. The type is not for users to change.
    headers: async () => ({ ...settings.headers, 'Content-Type': contentType(settings) }),
    compression: settings.compression,
    timeoutMillis: settings.timeoutMillis,
    concurrencyLimit,
    agentFactory: agentFactoryOf(agentOptions(settings)),
    userAgent: settings.userAgent,
  };
}

export function contentType(settings: ExportSettings): string {
  return settings.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
}

export function agentOptions(settings: ExportSettings): Parameters<typeof httpAgentFactoryFromOptions>[0] {
  return {
    keepAlive: true,
    ...(settings.certificate === '' ? {} : { ca: settings.certificate }),
    ...(settings.clientCertificate === '' ? {} : { cert: settings.clientCertificate }),
    ...(settings.clientKey === '' ? {} : { key: settings.clientKey }),
  };
}
