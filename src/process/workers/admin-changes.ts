/**
 * What administrators have changed since the start, to be told to a worker that is started later.
 *
 * Invariant: of two requests that set the same, the later one alone is kept, in its place; so what is kept grows
 * with what there is to set, and not with time. At its bound the oldest is forgotten. What a later file says
 * otherwise is forgotten too, as it is by the workers that were told of it.
 */
import { readUrl } from '../../admin/upstream-query.ts'
import { compareConfigs } from '../../config/compare.ts'
import type { Config, EndpointConfig } from '../../config/config.ts'
import type { ConfigChange } from '../../core/reload.ts'
import type { AdminRequest } from './messages.ts'

/** Some for each of a thousand endpoints would be more than anybody does by hand. */
const mostRequests = 4_000

export class AdminChanges {
  /** By what they set, in the order in which they were made. */
  readonly #requests = new Map<string, AdminRequest>()

  get all(): readonly AdminRequest[] {
    return [...this.#requests.values()]
  }

  add(request: AdminRequest): void {
    const key = subjectOf(request)
    this.#requests.delete(key)
    this.#requests.set(key, request)
    const [oldest] = this.#requests.keys()
    if (this.#requests.size > mostRequests && oldest !== undefined) this.#requests.delete(oldest)
  }

  /** The configuration is another. */
  follow(before: Config, after: Config): void {
    const changes = compareConfigs(before, after)
    const namesOf = (part: 'route' | 'upstream', isGone: (change: ConfigChange) => boolean) =>
      new Set(changes.filter((each) => each.part === part && isGone(each)).map(({ name }) => name))
    const splits = namesOf('route', ({ kind, keys }) => kind === 'removed' || keys.has('upstream'))
    const upstreams = namesOf('upstream', ({ kind }) => kind === 'removed')
    for (const [key, request] of this.#requests) {
      const { pathname, searchParams } = new URL(request.target, 'http://admin')
      const [, kind, encoded = ''] = pathname.split('/')
      const name = decodeURIComponent(encoded)
      const isOver =
        kind === 'routes'
          ? splits.has(name)
          : upstreams.has(name) ||
            isSaidAnew(request.method, searchParams, {
              was: listingOf(before, name),
              is: listingOf(after, name),
            })
      if (isOver) this.#requests.delete(key)
    }
  }
}

function listingOf({ upstreams }: Config, name: string): readonly EndpointConfig[] {
  return upstreams.find((each) => each.name === name)?.endpoints ?? []
}

/** Whether the file says what the request did. Whether an endpoint drains no file says. */
function isSaidAnew(
  method: string,
  query: URLSearchParams,
  listings: Readonly<Record<'was' | 'is', readonly EndpointConfig[]>>,
): boolean {
  const endpoint = readUrl(query)
  if (typeof endpoint === 'string') return false
  const inListing = (listing: readonly EndpointConfig[]) =>
    listing.find(({ url }) => url === endpoint.url)
  const [was, is] = [inListing(listings.was), inListing(listings.is)]
  if (Bun.deepEquals(was, is)) return false
  if (method === 'DELETE') return true
  if (method === 'POST') return is !== undefined
  return query.has('weight') && was !== undefined && is !== undefined && was.weight !== is.weight
}

/** What a request sets: a weight of an endpoint, whether one drains, that one is there, the shares of a split. */
function subjectOf({ method, target }: AdminRequest): string {
  const { pathname, searchParams } = new URL(target, 'http://admin')
  const names = [...searchParams.keys()].toSorted().join(' ')
  return [method, pathname, searchParams.get('url') ?? '', names].join('\n')
}
