/**
 * Sluice as a library: a gateway from a checked configuration.
 */
export { loadConfig, type Loaded, type LoadOptions } from './config/load.ts'
export type { Problem } from './config/problem.ts'
export { formatProblems } from './config/report.ts'
export type { Config } from './config/config.ts'
export type {
  Balancer,
  BalancerExtension,
  BalancerHost,
  Candidate,
  Choice,
} from './core/balancer.ts'
export type { ByteStream } from './core/byte-stream.ts'
export type { Emit, GatewayEvent } from './core/events.ts'
export type { Expression, Extension, OptionRule } from './core/extension.ts'
export type { HealthCheck, HealthCheckExtension, HealthTarget } from './core/health-check.ts'
export type { Registry } from './core/registry.ts'
export type { RequestContext } from './core/request-context.ts'
export { createGateway, type Gateway, type GatewayState } from './gateway.ts'
export { builtIn } from './registry.ts'
export { createLog, type LogOptions } from './telemetry/log.ts'
export { createMetrics, type Metrics } from './telemetry/metrics.ts'
