/**
 * Who says which endpoints an upstream has: the file, discovery, administrators.
 *
 * Invariant: an address is the endpoint of one of them. The file comes before discovery, which has back what the
 * file drops. What an administrator has added or removed stays so until somebody says something new of it.
 */
import type { EndpointSource } from '../core/events.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { Endpoint } from './endpoint.ts'
import { maxEndpoints, type Members } from './members.ts'

type Listing = readonly EndpointOptions[]
type ByUrl = ReadonlyMap<string, EndpointOptions>

export class Sources {
  readonly #members: Members
  /** By discovery, the last time; undefined: nothing, or there is none. */
  #found: { readonly byUrl: ByUrl; readonly source: EndpointSource } | undefined

  constructor(members: Members) {
    this.#members = members
  }

  /** An administrator adds one. @returns undefined if it is there already, or there are as many as may be. */
  add(options: EndpointOptions): Endpoint | undefined {
    const members = this.#members
    if (members.get(options.url) !== undefined || members.size >= maxEndpoints) return undefined
    members.put([options], 'admin')
    return members.get(options.url)
  }

  /** An administrator removes one: what was said of it is forgotten too. */
  remove(endpoint: Endpoint): void {
    endpoint.forgetWord()
    this.#members.remove(endpoint)
  }

  /** The file lists these now. Only what it says otherwise than before is news. */
  list(before: Listing, now: Listing): void {
    if (Bun.deepEquals(before, now)) return
    const members = this.#members
    const [was, is] = [byUrl(before), byUrl(now)]
    members.change(() => {
      for (const endpoint of members.all())
        if (endpoint.source === 'file' && !is.has(endpoint.url)) this.#drop(endpoint)
      for (const { url, weight } of now)
        if (was.get(url)?.weight !== weight) members.forgetWord(url)
      const isNews = (options: EndpointOptions) => !Bun.deepEquals(was.get(options.url), options)
      members.put(now.filter(isNews), 'file')
      members.sort(now)
    })
  }

  /** Discovery has found these, and no others. */
  find(listing: Listing, source: EndpointSource): void {
    const members = this.#members
    const is = byUrl(listing)
    this.#found = { byUrl: is, source }
    members.change(() => {
      for (const endpoint of members.all())
        if (isFound(endpoint) && !is.has(endpoint.url)) members.remove(endpoint)
      const mayBeFound = (there: Endpoint | undefined) => there === undefined || isFound(there)
      members.put(
        listing.filter(({ url }) => mayBeFound(members.get(url))),
        source,
      )
    })
  }

  /** There is no discovery any more. */
  findNone(): void {
    this.#found = undefined
    const members = this.#members
    members.change(() => {
      for (const endpoint of members.all()) if (isFound(endpoint)) members.remove(endpoint)
    })
  }

  /** What those speak that are not found. */
  get givenScheme(): EndpointOptions['scheme'] | undefined {
    for (const endpoint of this.#members.all())
      if (!isFound(endpoint)) return endpoint.options.scheme
    return undefined
  }

  /** The upstream speaks this now: those that speak something else are its endpoints no more. */
  speak(scheme: EndpointOptions['scheme'] | undefined): void {
    const members = this.#members
    members.change(() => {
      for (const endpoint of members.all())
        if (endpoint.options.scheme !== scheme) members.remove(endpoint)
    })
  }

  /** The file has one no more. */
  #drop(endpoint: Endpoint): void {
    const found = this.#found?.byUrl.get(endpoint.url)
    if (found === undefined || this.#found === undefined) this.#members.remove(endpoint)
    else this.#members.put([found], this.#found.source)
  }
}

/** By discovery. */
function isFound({ source }: Endpoint): boolean {
  return source !== 'file' && source !== 'admin'
}

function byUrl(listing: Listing): ByUrl {
  return new Map(listing.map((options) => [options.url, options]))
}
