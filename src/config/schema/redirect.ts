/**
 * `redirect`: an answer that sends the client elsewhere.
 * Invariant: the scheme and where the host begins are written in the configuration, so that no request
 * can choose another site by itself.
 */
import { z } from 'zod'
import { meant, show, type Reading } from '../reading.ts'
import { value } from './keys.ts'
import { section } from './shapes.ts'
import { template } from './template.ts'

const statuses = [301, 302, 303, 307, 308] as const

/** Scheme and host, in which no place is filled but with the host that was asked for; then a path. */
const whole =
  /^https?:\/\/(?:[^/?#\s{}$]|\$?\{request\.host(?:name)?\})+(?:\$?\{request\.(?:target|path)\}|[/?#]|$)/i

const target = template({
  doc: 'Where to, such as https://www.example.com{request.target}.',
  what: 'a URL or a mapping',
  check(text, literal) {
    const isPath = /^\/(?!\/|\$?\{request\.(?:target|path)\})/.test(text)
    if ((whole.test(text) || isPath) && !/\s/.test(literal)) return undefined
    const hasScheme = /^https?:\/\/./i.test(text)
    if (hasScheme && literal !== text) {
      const problem = `${show(text)} lets a request choose the site it is sent to`
      return {
        problem,
        suggestion: 'only {request.host} and {request.hostname} may stand in the host',
      }
    }
    const isBare = /^[\w-]+(\.[\w-]+)+(\/|\{|$)/.test(text)
    const problem = `must start with https://, http:// or a single "/", not ${show(text)}`
    if (isBare) return { problem, suggestion: meant(`https://${text}`) }
    const isOpen = /^\/?[${]/.test(text)
    const path = 'the path that was asked for is https://{request.host}{request.path}'
    return isOpen ? { problem, suggestion: path } : { problem }
  },
})

export const redirectSchema = z.union([
  target.transform((to) => ({ status: 302 as const, to })),
  section(
    {
      to: target,
      status: value(
        {
          doc: 'The status: 301 and 308 are remembered by browsers, 307 and 308 keep the method.',
          json: { enum: statuses },
        },
        readStatus,
      ).prefault(302),
    },
    { error: 'must be a URL or a mapping' },
  ),
])

function readStatus(input: unknown): Reading<(typeof statuses)[number]> {
  const status = statuses.find((each) => each === input || String(each) === input)
  if (status !== undefined) return { value: status }
  return { problem: `must be one of ${statuses.join(', ')}, not ${show(input)}` }
}
