/** Owns how each part of the stack is started for a test: on which addresses, and who is told of whom. */

import { freePorts } from '../helpers/ports.js';
import type { Part, Stack } from './harness.js';

/** Host and port. */
type Address = string;

const at = (port: number): Address => `127.0.0.1:${port}`;

/** Scrape targets by the name of their file in collector/prometheus/targets. */
export type Targets = Readonly<Record<'router' | 'collector' | 'jaeger', readonly Address[]>>;

/** Where everything will listen: each part has to know of others that start later. */
export interface Plan {
  readonly prometheus: Address;
  readonly jaegerQuery: Address;
  readonly jaegerQueryGrpc: Address;
  readonly jaegerOtlp: Address;
  readonly jaegerHealth: Address;
  readonly jaegerMetrics: Address;
  readonly collector: CollectorPlan;
  readonly samplers: readonly [CollectorPlan, CollectorPlan];
}

export interface CollectorPlan {
  readonly grpc: Address;
  readonly http: Address;
  readonly health: Address;
  readonly metrics: Address;
}

export async function makePlan(): Promise<Plan> {
  const ports = await freePorts(18);
  const next = (): Address => at(ports.pop()!);
  const collector = (): CollectorPlan => ({ grpc: next(), http: next(), health: next(), metrics: next() });
  return {
    prometheus: next(),
    jaegerQuery: next(),
    jaegerQueryGrpc: next(),
    jaegerOtlp: next(),
    jaegerHealth: next(),
    jaegerMetrics: next(),
    collector: collector(),
    samplers: [collector(), collector()],
  };
}

export function startPrometheus(stack: Stack, plan: Plan, targets: Targets): Promise<Part> {
  const file = (addresses: readonly Address[]): string => JSON.stringify([{ targets: addresses }]);
  const folder = '/etc/prometheus/targets';
  return stack.launch({
    service: 'prometheus',
    files: {
      [`${folder}/router.yml`]: file(targets.router),
      [`${folder}/collector.yml`]: file(targets.collector),
      [`${folder}/jaeger.yml`]: file(targets.jaeger),
      [`${folder}/prometheus.yml`]: file([plan.prometheus]),
    },
    extra: [`--web.listen-address=${plan.prometheus}`],
    health: `http://${plan.prometheus}/-/ready`,
  });
}

export function startJaeger(stack: Stack, plan: Plan): Promise<Part> {
  return stack.launch({
    service: 'jaeger',
    environment: {
      HEALTH_ADDRESS: plan.jaegerHealth,
      OTLP_GRPC_ADDRESS: plan.jaegerOtlp,
      QUERY_GRPC_ADDRESS: plan.jaegerQueryGrpc,
      QUERY_HTTP_ADDRESS: plan.jaegerQuery,
      PROMETHEUS_URL: `http://${plan.prometheus}`,
      ...metricsAt(plan.jaegerMetrics),
    },
    health: `http://${plan.jaegerHealth}/status`,
  });
}

/** `config` is the name of a file in collector/. */
export function startCollector(stack: Stack, plan: Plan, config: 'collector' | 'tier1'): Promise<Part> {
  const own = plan.collector;
  return stack.launch({
    service: 'collector',
    variables: { COLLECTOR: config },
    environment: {
      HEALTH_ADDRESS: own.health,
      OTLP_GRPC_ADDRESS: own.grpc,
      OTLP_HTTP_ADDRESS: own.http,
      JAEGER_ADDRESS: plan.jaegerOtlp,
      PROMETHEUS_URL: `http://${plan.prometheus}`,
      SAMPLER_ADDRESSES: `[${plan.samplers.map(({ grpc }) => grpc).join(', ')}]`,
      ...metricsAt(own.metrics),
    },
    health: `http://${own.health}/`,
  });
}

export function startSampler(stack: Stack, plan: Plan, which: 0 | 1): Promise<Part> {
  const own = plan.samplers[which];
  return stack.launch({
    service: `sampler-${which + 1}`,
    environment: {
      HEALTH_ADDRESS: own.health,
      OTLP_GRPC_ADDRESS: own.grpc,
      JAEGER_ADDRESS: plan.jaegerOtlp,
      ...metricsAt(own.metrics),
    },
    health: `http://${own.health}/`,
  });
}

function metricsAt(address: Address): Record<string, string> {
  const [host, port] = address.split(':');
  return { METRICS_HOST: host!, METRICS_PORT: port! };
}
