/**
 * What administrators have changed since the start, to be told to a worker that is started later.
 *
 * Invariant: of two requests that set the same, the later one alone is kept, in its place; so what is kept grows
 * with what there is to set, and not with time. At its bound the oldest is forgotten.
 */
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
}

/** What a request sets: a weight of an endpoint, whether one drains, that one is there, the shares of a split. */
function subjectOf({ method, target }: AdminRequest): string {
  const { pathname, searchParams } = new URL(target, 'http://admin')
  const names = [...searchParams.keys()].toSorted().join(' ')
  return [method, pathname, searchParams.get('url') ?? '', names].join('\n')
}
