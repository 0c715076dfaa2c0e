/**
 * The files in which upstreams find their endpoints: whether they are there and can be read.
 */
import { dirname, resolve } from 'node:path'
import { endpointsReader } from './endpoints-file.ts'
import type { Issue, Item } from './issue.ts'
import { socketIssues } from './place-ties.ts'
import { show } from './reading.ts'
import { readTextFile, type Files } from './text-file.ts'
import type { SoundUpstream } from './upstream-conflicts.ts'

export function discoveryFileIssues(
  upstreams: readonly Item<Pick<SoundUpstream, 'endpoints' | 'discover'>>[],
  files: Files,
): Issue[] {
  return upstreams.flatMap(({ path: upstream, value: { endpoints, discover } }): Issue[] => {
    if (discover?.kind !== 'file') return []
    const path = [...upstream, 'discover', 'file']
    const text = readTextFile(discover.file, files)
    if (text.problem !== undefined)
      return [{ path, message: text.problem, suggestion: text.suggestion }]
    const folder = dirname(resolve(files.folder, discover.file))
    const read = endpointsReader({ folder, scheme: endpoints[0]?.scheme })(text.value)
    if (typeof read === 'string')
      return [{ path, message: `in the file ${show(discover.file)}, ${read}` }]
    return socketIssues(read.map(({ unix }) => ({ path, value: unix })))
  })
}
