/**
 * `sluice explain`: what would become of a request, and why. Nothing is dialled and nothing listens.
 */
import { explanationOf } from './explanation.ts'
import { requestFor, type ExplainOptions } from './explain-request.ts'
import { readConfig } from './read-config.ts'

/** @returns the exit code: 1 if the request would be refused. */
export function explain(url: string, file: string, options: ExplainOptions): 0 | 1 | 2 {
  const config = readConfig(file)
  if (config === undefined) return 2
  const asked = requestFor(url, config, options)
  if (typeof asked === 'string') {
    console.error(`✖ ${asked}`)
    return 2
  }
  const { text, isServed } = explanationOf(config, asked)
  console.info(text)
  return isServed ? 0 : 1
}
