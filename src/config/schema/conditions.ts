/**
 * `match`: what a request must have beside the listener, the host and the path of a route.
 * Invariant: names of headers leave here in lower case; an empty list of values stands for any value,
 * so no list that a person leaves empty gets here.
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { headerMap, readHeaderName, readHeaderValue, readText } from './header.ts'
import { value } from './keys.ts'
import { filledList, oneOrMore, section } from './shapes.ts'

const values = {
  error: 'must be a value, a list of values, or true for any',
  empty: 'needs at least one value; true stands for any',
}

/** A value, several of which one is enough, or true: whatever the value is. */
function condition(readValue: (input: unknown) => Reading<string>) {
  const json = { type: ['string', 'number'] }
  return z.union([
    value(
      { doc: 'The value; true for any.', json: { anyOf: [json, { const: true }] } },
      (input) => {
        if (input === true) return { value: [] }
        if (input === false) {
          const problem = 'must be a value, not false: that something is absent cannot be matched'
          return { problem, suggestion: 'requests without it take another route' }
        }
        const reading = readValue(input)
        return reading.problem === undefined ? { value: [reading.value] } : reading
      },
    ),
    filledList(value({ doc: 'One of the values.', json }, readValue), values),
  ])
}

const subprotocol = value(
  { doc: 'A subprotocol.', json: { type: 'string' } },
  (input): Reading<string> => {
    if (typeof input !== 'string') {
      return { problem: `must be the name of a subprotocol, not ${show(input)}`, isOtherKind: true }
    }
    if (readHeaderName(input).problem === undefined) return { value: input }
    const names = input.split(/[,\s]+/).filter((name) => readHeaderName(name).problem === undefined)
    const suggestion = names.length > 1 ? `write [${names.join(', ')}]` : undefined
    return { problem: `${show(input)} is not the name of a subprotocol`, suggestion }
  },
)

export const matchSchema = section({
  header: headerMap(
    readConditionName,
    condition(readHeaderValue),
    'must be a mapping of header names to values',
  )
    .transform(inLowerCase)
    .prefault({})
    .describe('Headers it must have, each with a value, one of a list, or true for any.'),
  query: z
    .record(
      z.string().superRefine((name, context) => {
        const message = 'must be the name of a query parameter, decoded'
        if (name === '' || name.length > 256)
          context.addIssue({ code: 'custom', message, params: { isAboutKey: true } })
      }),
      condition(readText),
      { error: 'must be a mapping of query parameters to values' },
    )
    .prefault({})
    .describe('Query parameters it must have, each with a value, one of a list, or true for any.'),
  cookie: z
    .record(
      z.string().superRefine((name, context) => {
        const message = readHeaderName(name).problem && 'is not the name of a cookie'
        if (message !== undefined)
          context.addIssue({ code: 'custom', message, params: { isAboutKey: true } })
      }),
      condition(readHeaderValue),
      { error: 'must be a mapping of cookie names to values' },
    )
    .prefault({})
    .describe('Cookies it must have, each with a value, one of a list, or true for any.'),
  subprotocol: oneOrMore(subprotocol, 'must be a subprotocol or a list of them')
    .prefault([])
    .describe('Subprotocols of which the client must offer one.'),
})

function inLowerCase<T>(byName: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(byName).map(([name, values]) => [name.toLowerCase(), values]),
  )
}

/** What has a key of its own is matched there, by rules of its own. */
function readConditionName(name: string): Reading<string> {
  const own = new Map([
    ['host', 'the host of a request is matched by host'],
    ['sec-websocket-protocol', 'subprotocols are matched by match.subprotocol'],
  ]).get(name.toLowerCase())
  return own === undefined ? readHeaderName(name) : { problem: own }
}
