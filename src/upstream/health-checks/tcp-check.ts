/**
 * Connects, TLS included, and closes at once: for what speaks neither HTTP nor WebSocket first.
 */
import type { HealthCheckExtension } from '../../core/health-check.ts'
import { onConnection } from './check-connection.ts'

export const tcpCheck: HealthCheckExtension = {
  type: 'tcp',
  doc: 'Opens a connection and closes it: the endpoint is well if it accepts.',
  options: {
    connect: { kind: 'flag', fallback: true, doc: 'Always true: there is nothing else to ask.' },
  },
  short: 'connect',
  create({ connect }) {
    if (connect === false) throw new Error('tcp: false asks for nothing: leave it out')
    return {
      check: (target, signal) =>
        onConnection(target, signal, async (stream) => {
          stream.end(0)
          return undefined
        }),
    }
  },
}
