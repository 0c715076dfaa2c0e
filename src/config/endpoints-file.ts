/**
 * The file in which an upstream finds its endpoints (`discover: { file: … }`), and endpoints one by one.
 *
 * One endpoint a line: its URL, then what is said of it: `ws://10.0.0.1:9000 weight=2 backup sessions=100`.
 * What follows a `#` is a comment. A file with anything else in it is refused whole.
 */
import type { EndpointConfig } from './config.ts'
import { formatPath, issuesOf } from './issue.ts'
import { nearest } from './nearest.ts'
import { meant, show, type Reading } from './reading.ts'
import { inFolder } from './schema/endpoint.ts'
import { endpointSchema } from './schema/listed-endpoint.ts'

const maxEndpoints = 10_000 // of each the gateway keeps state, and balancers go through all

interface Setting {
  /** What paths of Unix sockets start from; absolute. */
  readonly folder: string
  /** What the endpoints must speak; undefined: all the same as the first of them. */
  readonly scheme: EndpointConfig['scheme'] | undefined
}

/** @returns what reads a whole file: its endpoints, or a sentence with the line that is wrong. */
export function endpointsReader({ folder, scheme }: Setting) {
  return (text: string): readonly EndpointConfig[] | string => {
    const endpoints = new Map<string, EndpointConfig>()
    let family = scheme
    for (const [index, line] of text.split('\n').entries()) {
      const words = line
        .replace(/(^|\s)#.*$/s, '')
        .split(/\s+/)
        .filter((word) => word !== '')
      if (words.length === 0) continue
      const wrong = (problem: string, suggestion?: string) =>
        `line ${index + 1}: ${problem}${suggestion === undefined ? '' : `; ${suggestion}`}`
      const reading = readLine(words, folder)
      if (reading.problem !== undefined) return wrong(reading.problem, reading.suggestion)
      const endpoint = reading.value
      family ??= endpoint.scheme
      if (endpoint.scheme !== family)
        return wrong(
          `the endpoints of one upstream speak the same; this one speaks ${endpoint.scheme}, the others ${family}`,
        )
      if (endpoints.has(endpoint.url)) return wrong(`${show(endpoint.url)} is listed twice`)
      if (endpoints.size === maxEndpoints) return wrong(`has more than ${maxEndpoints} endpoints`)
      endpoints.set(endpoint.url, endpoint)
    }
    return [...endpoints.values()]
  }
}

/**
 * An endpoint that is added while the gateway runs.
 *
 * @param input a URL, or `{ url, weight, backup, sessions }` with numbers or their digits. @param folder
 * what the path of a Unix socket starts from.
 */
export function readAddedEndpoint(input: unknown, folder: string): Reading<EndpointConfig> {
  const parsed = endpointSchema.safeParse(input, { reportInput: true })
  if (parsed.success) return { value: inFolder(parsed.data, folder) }
  const [issue] = issuesOf(parsed.error)
  if (issue === undefined) throw parsed.error
  const place = formatPath(issue.path)
  const where = place === '' || place === 'url' ? '' : `${place} `
  return { problem: `${where}${issue.message}`, suggestion: issue.suggestion }
}

const options = ['weight', 'sessions'] as const

function readLine([url, ...words]: readonly string[], folder: string): Reading<EndpointConfig> {
  const input: Record<string, unknown> = { url }
  for (const word of words) {
    const [, name = word, amount] = /^(\w+)=(.*)$/s.exec(word) ?? []
    const isKnown = amount === undefined ? name === 'backup' : options.some((each) => each === name)
    if (!isKnown) return unknownWord(word, name)
    if (Object.hasOwn(input, name)) return { problem: `${name} is given twice` }
    input[name] = amount ?? true
  }
  return readAddedEndpoint(input, folder)
}

function unknownWord(word: string, name: string): Reading<never> {
  const near = nearest(name, [...options, 'backup'])
  const written = near === 'backup' ? near : word.replace(name, near ?? '')
  const known = 'behind the URL stand weight=2, backup and sessions=100'
  const suggestion = near === undefined || written === word ? known : meant(written)
  return { problem: `unknown word ${show(word)}`, suggestion }
}
