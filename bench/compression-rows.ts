// The rows that speak permessage-deflate with their clients and not with the upstream: Node's `ws` and
// Sluice, with levels that leave about as many bytes.
import { join } from 'node:path'
import type { Row } from './row.ts'
import { sluice } from './sluice.ts'

// Whatever a message's size: what is compared is compressing, not a choice of what to compress.
const thresholdBytes = 0
// As many bytes, not the same number: Sluice's default on zlib-ng, which Bun has, leaves as much as the
// fastest level of zlib, which Node has. The 1 of zlib-ng leaves more, and zlib's own default is 6.
const sluiceLevel = 2
const nodeLevel = 1
// An idle client takes about a quarter of a megabyte.
const idleClientsMax = 800

export const compressionRows: Row[] = [
  nodeWs('node ws, deflate', 'single'),
  nodeWs('node ws, takeover', 'takeover'),
  sluice({
    name: 'sluice, deflate',
    groups: ['compression'],
    deflate: 'single',
    route: { compression: { threshold: thresholdBytes, level: sluiceLevel } },
  }),
  sluice({
    name: 'sluice, takeover',
    groups: ['compression'],
    deflate: 'takeover',
    idleClientsMax,
    route: {
      compression: { threshold: thresholdBytes, level: sluiceLevel, 'context-takeover': true },
    },
    // By default fewer sessions than there are clients here would keep a window.
    top: { limits: { 'compression-memory': '1GB' } },
  }),
]

/** Like with like, for the summary. */
export const comparedRows = [
  { title: 'no takeover', subject: 'sluice, deflate', control: 'node ws, deflate' },
  { title: 'takeover', subject: 'sluice, takeover', control: 'node ws, takeover' },
]

function nodeWs(name: string, deflate: 'single' | 'takeover'): Row {
  return {
    name,
    program: 'node',
    version: ['node', '--version'],
    groups: ['compression'],
    deflate,
    idleClientsMax,
    command: ({ port, upstreamPort }) => {
      const places = [String(port), String(upstreamPort)]
      const settings = [deflate, String(nodeLevel), String(thresholdBytes)]
      return ['node', join(import.meta.dir, 'node-ws.mjs'), ...places, ...settings]
    },
  }
}
