// Rows that are Sluice: of this checkout or another, with the settings that a row is about.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './row.ts'

interface SluiceRow extends Omit<Row, 'program' | 'version' | 'command'> {
  /** Settings of the route, and those at the top level of the file. */
  route?: Record<string, unknown>
  top?: Record<string, unknown>
  /** The upstream, where it is more than the one server. */
  upstream?: (port: number) => Record<string, unknown>
  /** The directory; this one if not given. */
  checkout?: string
}

/** Without a line a session, as the rows beside it have no access log. */
export function sluice({ route, top, upstream, checkout = root, ...row }: SluiceRow): Row {
  return {
    ...row,
    program: join(checkout, 'bin/sluice'),
    version: [join(checkout, 'scripts/bun'), '--version'],
    command: ({ port, upstreamPort, directory, certificate }) => {
      const tls = certificate && { cert: certificate.chain, key: certificate.key }
      const configuration = {
        listeners: [tls ? { address: '127.0.0.1', port, tls } : `127.0.0.1:${port}`],
        ...(upstream && { upstreams: { pool: upstream(upstreamPort) } }),
        routes: [{ upstream: upstream ? 'pool' : `ws://127.0.0.1:${upstreamPort}`, ...route }],
        log: { level: 'warn' },
        ...top,
      }
      const file = join(directory, 'sluice.yaml')
      writeFileSync(file, JSON.stringify(configuration)) // JSON is YAML
      return [join(checkout, 'bin/sluice'), 'run', file]
    },
  }
}

const root = join(import.meta.dir, '..')
