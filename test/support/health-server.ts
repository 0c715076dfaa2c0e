/**
 * A server for health checks, and the target by which they find it. What it does with a connection is the
 * test's own; what became of all of them can be waited for.
 */
import type { HealthTarget } from '../../src/core/health-check.ts'
import { connectTcp } from '../../src/net/connect.ts'
import { descriptors } from '../../src/net/descriptors.ts'
import { secureClient } from '../../src/net/secure-client.ts'
import type { Certificate } from './certificates.ts'
import { listenTcp, type TcpConnection } from './tcp.ts'

/** It may fail: then the connection is ended. */
export type Serve = (connection: TcpConnection) => Promise<void> | void

export interface HealthServerOptions {
  /** With it TLS is spoken. */
  readonly certificate?: Certificate | undefined
  /** The path of a Unix socket instead of a port. */
  readonly unix?: string | undefined
  /** The path of the endpoint's URL. */
  readonly path?: string
}

export interface HealthServer extends Disposable {
  readonly target: HealthTarget
  /** How each connection ended, as far as they have: with FIN, or with RST. */
  readonly farewells: readonly ('ended' | 'reset')[]
  /** Returns when so many connections have come in all, and all are closed on both sides. */
  gone(connections: number): Promise<void>
}

export async function startHealthServer(
  serve: Serve,
  { certificate, unix, path = '' }: HealthServerOptions = {},
): Promise<HealthServer> {
  const socketsBefore = descriptors.sockets
  const farewells: ('ended' | 'reset')[] = []
  const tls = certificate && { cert: certificate.certPem, key: certificate.keyPem }
  const server = await listenTcp(
    async (connection) => {
      void connection.farewell.then((farewell) => {
        farewells.push(farewell)
        connection.end()
      })
      await serve(connection)
    },
    { tls, path: unix },
  )
  return {
    farewells,
    target: targetAt({ port: server.port, unix, certificate, path }),
    async gone(connections) {
      while (farewells.length < connections || descriptors.sockets > socketsBefore)
        await new Promise((resolve) => setTimeout(resolve, 1))
    },
    [Symbol.dispose]: () => server[Symbol.dispose](),
  }
}

/** A place on this machine, whether or not anybody listens there. */
export function targetAt(place: HealthServerOptions & { readonly port?: number }): HealthTarget {
  const { port = 0, unix, certificate, path = '' } = place
  return {
    authority: `localhost:${port}`,
    path,
    async connect(signal) {
      const address = '127.0.0.1'
      const stream = await connectTcp({ address, port, unix, signal })
      if (certificate !== undefined) {
        const tls = { ca: certificate.certPem, serverName: 'localhost' }
        await secureClient(stream, { tls, isVerified: true, signal })
      }
      return stream
    },
  }
}
