/**
 * Everything the configuration can name: what the gateway has of itself, and what plugins add.
 */
import type { BalancerExtension } from './balancer.ts'
import type { HealthCheckExtension } from './health-check.ts'

export interface Registry {
  readonly balancers: readonly BalancerExtension[]
  readonly healthChecks: readonly HealthCheckExtension[]
}
