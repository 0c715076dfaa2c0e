/**
 * What a route does to the headers of a message: some removed, some set. Never to those that make the
 * message what it is, and to every spelling of a name: `X_User` is the same variable as `X-User` to CGI,
 * WSGI and PHP, so a client's must not stand beside the one that was set.
 */
import type { HeaderRewrite } from '../config/config.ts'
import type { RequestContext } from '../core/request-context.ts'
import { spelled, type HttpField } from '../wire/http-fields.ts'
import { isOwnHeader } from '../wire/own-headers.ts'

type Field = Pick<HttpField, 'name' | 'value'>

export class HeaderRewriter {
  readonly #set: HeaderRewrite['set']
  /** Of what is removed and of what is set anew. */
  readonly #names: ReadonlySet<string>

  constructor({ set, remove }: HeaderRewrite) {
    // The configuration refuses these names; without it a slip here would let requests be smuggled.
    const mayTouch = (name: string) => !isOwnHeader(name) && spelled(name) !== 'host'
    this.#set = set.filter(({ name }) => mayTouch(name))
    this.#names = new Set([...remove, ...set.map(({ name }) => name)].filter(mayTouch).map(spelled))
  }

  /** Whether it removes or replaces this header. @param name as `spelled`. */
  touches(name: string): boolean {
    return this.#names.has(name)
  }

  /** @returns the fields that go on. A header that is set to nothing is left out. */
  apply(fields: Field[], context: RequestContext): Field[] {
    if (this.#names.size === 0) return fields
    const rewritten = fields.filter(({ name }) => !this.#names.has(spelled(name)))
    for (const { name, value } of this.#set) {
      const text = value.render(context)
      if (text !== '') rewritten.push({ name, value: text })
    }
    return rewritten
  }
}
