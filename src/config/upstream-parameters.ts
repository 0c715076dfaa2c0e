/**
 * What an upstream goes by: parts of the path that a route which leads to it must have.
 * Invariant: told only where the value would be empty for every request.
 */
import type { Template } from '../expression/template.ts'
import type { StickyConfig } from './config.ts'
import type { Issue, Item, Path } from './issue.ts'
import type { Destination } from './schema/destination.ts'

interface Chosen {
  readonly balancer: { readonly type: string; readonly options: Readonly<Record<string, unknown>> }
  readonly sticky: StickyConfig | undefined
}

interface Leading {
  readonly path: string
  readonly upstreams: readonly Destination[]
}

/** @param routes those that are sound. */
export function parameterIssues(
  upstreams: readonly Item<Chosen>[],
  routes: readonly Item<Leading>[],
): Issue[] {
  return upstreams.flatMap(({ path: upstream, value }) => {
    const leading = routes.filter((each) =>
      each.value.upstreams.some(({ name }) => name === upstream[1]),
    )
    if (leading.length === 0) return []
    const has = (name: string) =>
      leading.some((each) => parametersOf(each.value.path).includes(name))
    return templatesOf(value).flatMap(({ path, template }): Issue[] => {
      const missing = template.parameters.find((name) => !has(name))
      if (missing === undefined) return []
      const wanted = missing === '*' ? '"*" at the end of its path' : `:${missing} in its path`
      const message = `uses request.path.${missing}, and no route that leads here has ${wanted}`
      return [{ path: [...upstream, ...path], message }]
    })
  })
}

function templatesOf({ balancer, sticky }: Chosen) {
  const all: { path: Path; template: Template }[] = []
  for (const option of Object.values(balancer.options))
    if (isTemplate(option)) all.push({ path: ['balancer', balancer.type], template: option })
  if (sticky?.kind === 'expression') all.push({ path: ['sticky', 'by'], template: sticky.by })
  return all
}

/** Of all values of options only expressions are objects. */
function isTemplate(option: unknown): option is Template {
  return typeof option === 'object' && option !== null && 'parameters' in option
}

/** Of a route's path: the names of its parameters, and `*`. */
function parametersOf(path: string): string[] {
  const parts = path.split('/').filter((part) => /^(:|\*$)/.test(part))
  return parts.map((part) => part.replace(/^:/, ''))
}
