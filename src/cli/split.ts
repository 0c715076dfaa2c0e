/**
 * `sluice split`: which share of a route's requests goes to which upstream of the running gateway.
 */
import type { Shares } from '../proxy/upstreams.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'

/**
 * @param words shares, `chat=95`, and the configuration file, which is the one without a `=`.
 * @returns the exit code.
 */
export async function split(
  route: string,
  words: readonly string[],
  options: AdminOptions,
): Promise<number> {
  const [file = 'sluice.yaml', stray] = words.filter((word) => !word.includes('='))
  if (stray !== undefined) {
    console.error(`✖ a share is an upstream and a number, ${stray}=5`)
    return 2
  }
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const query = new URLSearchParams()
  for (const word of words.filter((each) => each.includes('='))) {
    const [, upstream = '', share = ''] = /^(.*)=(.*)$/s.exec(word) ?? []
    query.append(upstream, share)
  }
  const isChange = query.size > 0
  const path = `/routes/${encodeURIComponent(route)}/split${isChange ? `?${query.toString()}` : ''}`
  const found = await askAdmin<Shares>(place, isChange ? 'PATCH' : 'GET', path)
  if (found === undefined) return 1
  if (options.json === true) console.info(JSON.stringify(found))
  else console.info(isChange ? `✔ ${textOf(found)}, until the gateway ends` : textOf(found))
  return 0
}

/** As it is typed. */
function textOf({ shares }: Shares): string {
  return Object.entries(shares)
    .map(([upstream, share]) => `${upstream}=${share}`)
    .join(' ')
}
