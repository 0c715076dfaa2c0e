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
import { inFolder, readEndpoint } from './schema/endpoint.ts'
import { readWhole } from './schema/keys.ts'
import { endpointSchema, sessionBounds, weightBounds } from './schema/listed-endpoint.ts'

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
      if (endpoints.size === maxEndpoints)
        return wrong(`the file has more than ${maxEndpoints} endpoints`)
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
  const where = place === '' || place === 'url' ? '' : `${place}: `
  return { problem: `${where}${issue.message}`, suggestion: issue.suggestion }
}

const amounts = { weight: weightBounds, sessions: sessionBounds }

/** A file may have thousands of lines and be read while sessions wait, so these are read by hand. */
function readLine([url, ...words]: readonly string[], folder: string): Reading<EndpointConfig> {
  const address = readEndpoint(url)
  if (address.problem !== undefined) return address
  const said: { weight?: number; sessions?: number; isBackup?: true } = {}
  for (const word of words) {
    const [, name, amount] = /^(\w+)=(.*)$/s.exec(word) ?? []
    const key = word === 'backup' ? 'isBackup' : name
    if (key !== 'isBackup' && key !== 'weight' && key !== 'sessions') return unknownWord(word)
    if (said[key] !== undefined) return { problem: `${name ?? word} is given twice` }
    if (key === 'isBackup') {
      said.isBackup = true
      continue
    }
    const number = readWhole(amount, amounts[key])
    if (number.problem !== undefined) return { problem: `${key}: ${number.problem}` }
    said[key] = number.value
  }
  return { value: { ...inFolder(address.value, folder), ...said } }
}

function unknownWord(word: string): Reading<never> {
  const [name = '', ...amount] = word.split('=')
  const near = nearest(name, ['backup', ...Object.keys(amounts)])
  const isWhole = near === 'backup' || (near !== undefined && amount.length > 0)
  const suggestion = isWhole
    ? meant(near === 'backup' ? near : [near, ...amount].join('='))
    : 'behind the URL stand weight=2, backup and sessions=100'
  return { problem: `unknown word ${show(word)}`, suggestion }
}
