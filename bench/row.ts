// What a row of the benchmark is: a gateway as one measures it.
import type { Deflate } from './native.ts'
import type { Certificate } from './tls.ts'

/** What is measured and printed together: everything else of two rows is alike. */
export type Group = (typeof groups)[number]

export const groups = ['plain', 'tls', 'compression', 'failover', 'workers'] as const

export interface Row {
  name: string
  /** What must be installed; the row is left out if it is not. */
  program: string
  version: string[]
  groups: Group[]
  /** What it agrees to in the group of compression; nothing if not given. */
  deflate?: Deflate
  /** For a row that takes so much memory that fewer idle clients have to do. */
  idleClientsMax?: number
  /** Writes what it needs into `directory`; returns a command that stays in the foreground. */
  command(place: Place): string[]
}

export interface Place {
  port: number
  upstreamPort: number
  directory: string
  /** With it the gateway's clients speak TLS; undefined: plain. */
  certificate: Certificate | undefined
}
