/**
 * Upstreams whose balancer or health check has come to be another one's of the same name: that of another
 * plugin, which the file names in the place of the first.
 */
import type { Registry } from '../core/registry.ts'
import type { Config } from './config.ts'
import type { Difference } from './differences.ts'

/** By the names of upstreams. */
export function replacedExtensions(before: Config, after: Config): Map<string, Difference[]> {
  const found = new Map<string, Difference[]>()
  const balancers = replacedTypes('balancers', before.registry, after.registry)
  const checks = replacedTypes('healthChecks', before.registry, after.registry)
  if (balancers.size + checks.size === 0) return found
  for (const { name, balancer, health } of after.upstreams) {
    const told = (key: string, type: string) => ({ key, words: `${key} ${type} of another plugin` })
    found.set(name, [
      ...(balancers.has(balancer.type) ? [told('balancer', balancer.type)] : []),
      ...(health && checks.has(health.check.type) ? [told('health', health.check.type)] : []),
    ])
  }
  return found
}

function replacedTypes(kind: keyof Registry, before: Registry, after: Registry): Set<string> {
  const had = new Map(before[kind].map((each) => [each.type, each] as const))
  const replaced = after[kind].filter((each) => {
    const was = had.get(each.type)
    return was !== undefined && was !== each
  })
  return new Set(replaced.map((each) => each.type))
}
