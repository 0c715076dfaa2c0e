/**
 * Sluice as a library: a gateway from a checked configuration.
 */
export { loadConfig, type Loaded, type LoadOptions } from './config/load.ts'
export type { Problem } from './config/problem.ts'
export { formatProblems } from './config/report.ts'
export type { Config } from './config/config.ts'
export type { Emit, GatewayEvent } from './core/events.ts'
export { createGateway, type Gateway, type GatewayState } from './gateway.ts'
export { createLog, type LogOptions } from './telemetry/log.ts'
export { createMetrics, type Metrics } from './telemetry/metrics.ts'
export type {
  Balancer,
  BalancerExtension,
  BalancerHost,
  Candidate,
  Choice,
} from './core/balancer.ts'
export type { Expression } from './core/extension.ts'
export type { Registry } from './core/registry.ts'
