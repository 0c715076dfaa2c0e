/**
 * `forward` and `answer`: what an endpoint is asked beside what the client sent, and what becomes of
 * its answer.
 * Invariant: nothing here can change how a message is framed, or where a request line ends.
 */
import { show, type Reading } from '../reading.ts'
import { headerMap, readPlainHeaderName } from './header.ts'
import { value } from './keys.ts'
import { oneOrMore, section } from './shapes.ts'
import { headerTemplate, template } from './template.ts'

const path = template({
  doc: 'The path that endpoints are asked for, behind that of their URL, and the query if it has a "?"; as sent by default.',
  what: 'a path such as /rooms/{request.path.room}',
  check(text, literal) {
    if (!/^(\/|\$?\{?request\.(path|target)\b)/.test(text))
      return { problem: `must start with "/", not ${show(text)}` }
    if (/[#\s]/.test(literal))
      return { problem: `${show(text)} has a "#" or a space, which no path has` }
    const segments = (literal.split('?', 1)[0] ?? '').split('/')
    if (segments.includes('..') || segments.includes('.'))
      return {
        problem: `${show(text)} has a dot segment`,
        suggestion: 'write the path it leads to',
      }
    return undefined
  },
})

const host = template({
  doc: 'The Host that endpoints get: client, as the client sent it; endpoint, that of their URL; or a name.',
  what: 'client, endpoint or a host name',
  check(text, literal) {
    if (text !== '' && /^[A-Za-z0-9._:[\]-]*$/.test(literal)) return undefined
    const isUrl = text.includes('://')
    const suggestion = isUrl ? 'a Host has no scheme and no path' : undefined
    const problem = `must be client, endpoint or a host name, not ${show(text)}`
    return suggestion === undefined ? { problem } : { problem, suggestion }
  },
}).transform((written) =>
  written.source === 'client' || written.source === 'endpoint' ? written.source : written,
)

const notMap = 'must be a mapping of header names to values'

/** `set` and `remove`, of a request or of an answer. */
function rewriteOf(what: string, readName: (name: unknown) => Reading<string>) {
  const removed = value(
    { doc: 'The name of a header.', json: { type: 'string' } },
    (input): Reading<string> => {
      const name = readName(input)
      if (name.problem === undefined) return { value: name.value.toLowerCase() }
      return {
        ...name,
        problem: `${show(input)} ${name.problem}`,
        isOtherKind: typeof input !== 'string',
      }
    },
  )
  return section({
    set: headerMap(readName, headerTemplate, notMap)
      .prefault({})
      .describe(`Headers that ${what} gets, in place of its own; an empty value leaves one out.`),
    remove: oneOrMore(removed, 'must be the name of a header or a list of them')
      .prefault([])
      .describe(`Headers that ${what} does not get.`),
  })
    .superRefine(({ set, remove }, context) => {
      for (const name of Object.keys(set)) {
        if (!remove.includes(name.toLowerCase())) continue
        const message = 'is set and removed'
        context.addIssue({
          code: 'custom',
          path: ['set', name],
          message,
          params: { suggestion: 'setting replaces what is there', isAboutKey: true },
        })
      }
    })
    .transform(({ set, remove }) => ({
      set: Object.entries(set).map(([name, value]) => ({ name, value })),
      remove,
    }))
}

function readForwardedName(name: unknown): Reading<string> {
  const isHost = typeof name === 'string' && name.toLowerCase() === 'host'
  if (isHost) return { problem: 'has a key of its own', suggestion: 'use forward.host' }
  return readPlainHeaderName(name)
}

export const forwardSchema = section({
  path: path.optional(),
  host: host.prefault('client'),
  headers: rewriteOf('an endpoint', readForwardedName)
    .prefault({})
    .describe('Headers of the request that are set or removed.'),
})

export const answerSchema = section({
  headers: rewriteOf('the client', readPlainHeaderName)
    .prefault({})
    .describe('Headers of the answer that are set or removed, the 101 included.'),
})
