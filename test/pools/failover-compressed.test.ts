/**
 * Sessions with permessage-deflate go on at servers that know nothing of what was said before, whoever
 * compresses: real clients and servers with windows that they keep if they may.
 */
import { expect, test } from 'bun:test'
import { failingOver, moves } from '../support/failing-over.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { startPeer } from '../support/peer.ts'

const clients = 4

test.each([
  ['end to end, in a tunnel', ''],
  [
    'by the gateway for its clients alone',
    'compression: { threshold: 0B, context-takeover: true }',
  ],
  [
    'by the gateway on both sides',
    'compression: { threshold: 0B, context-takeover: true, upstream: true }',
  ],
])(
  '%s',
  async (_, route) => {
    const servers = await Promise.all([1, 2, 3].map(() => startPeer('deflate-server.mjs')))
    const urls = servers.map(({ host }) => ({ url: `ws://${host}` }))
    await using gateway = startGatewayHere(failingOver(urls, 'transparent', { route }))
    await using talkers = await startPeer(
      'ws-talkers.mjs',
      `ws://${gateway.host}/`,
      `--clients=${clients}`,
    )
    const say = async (count: number) => {
      talkers.tell({ say: count })
      await talkers.line((line) => line['said'] === count)
    }
    await say(10)
    for (const [index, server] of servers.slice(0, 2).entries()) {
      await server.kill()
      await moves(gateway, clients * (index + 1))
      await say(11 + index)
    }
    expect(talkers.lines().filter(({ fault }) => fault !== undefined)).toEqual([])
    expect(gateway.events.filter(({ type }) => type === 'session-moved')).toHaveLength(2 * clients)
    const { extensions } = await talkers.line((line) => line['extensions'] !== undefined)
    expect(extensions).toContain('permessage-deflate')
    for (const server of servers) await server.stop()
  },
  10_000,
)
