/**
 * `sluice check`: what is wrong with a configuration, all of it at once.
 */
import { readConfig } from './read-config.ts'

/** @returns the exit code. */
export function check(file: string): 0 | 2 {
  const config = readConfig(file)
  if (config === undefined) return 2
  const { listeners, routes, upstreams } = config
  const parts = [
    count(listeners.length, 'listener'),
    count(routes.length, 'route'),
    count(upstreams.length, 'upstream'),
  ]
  console.info(`✔ ${file}: ${parts.join(', ')}`)
  return 0
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
