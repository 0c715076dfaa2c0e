/**
 * Balancers and health checks are made once when the configuration is checked, and dropped: what a plugin
 * makes of its options shows only then, and a gateway must not die of it when it starts.
 * Invariant: each is told at the place that says it, what `defaults` say once.
 */
import type { Balancer, BalancerHost } from '../core/balancer.ts'
import type { Configured } from '../core/extension.ts'
import type { HealthCheck } from '../core/health-check.ts'
import { has } from './conflicts.ts'
import type { Issue, Item, Path } from './issue.ts'
import { isMapping } from './mapping.ts'
import { show } from './reading.ts'
import { reasonOf } from './reason-of.ts'

/** What an upstream, or `defaults.upstream`, has of extensions. */
export interface Extended {
  readonly balancer: Configured<Balancer, BalancerHost>
  readonly health: { readonly check: Configured<HealthCheck> } | undefined
}

const host: BalancerHost = { random: Math.random }

/** @param written what the file says in its place. */
export function makingIssues({ path, value }: Item<Extended>, written: unknown): Issue[] {
  if (!isMapping(written)) return []
  const { balancer, health } = value
  const issues: Issue[] = []
  const make = (at: Path, type: string, methods: readonly string[], create: () => unknown) => {
    const fault = faultOf(create, methods)
    if (fault === undefined) return
    issues.push({ path: [...path, ...at], message: `${type} cannot be made: ${fault}` })
  }
  if (has(written, 'balancer'))
    make(['balancer'], balancer.type, ['update', 'choose'], () => balancer.create(host))
  if (has(written, 'health') && health !== undefined) {
    const { check } = health
    make(['health', check.type], check.type, ['check'], () => check.create(undefined))
  }
  return issues
}

function faultOf(create: () => unknown, methods: readonly string[]): string | undefined {
  try {
    const product = create()
    if (typeof product !== 'object' || product === null)
      return `create must return an object with ${methods.join(' and ')}, not ${show(product)}`
    const missing = methods.find((name) => typeof Reflect.get(product, name) !== 'function')
    return missing && `what create returns has no method ${missing}`
  } catch (error) {
    return reasonOf(error)
  }
}
