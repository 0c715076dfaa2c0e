/**
 * Which files listeners and upstreams name for TLS, and at which key.
 */
import type { TlsConfig, UpstreamConfig } from './config.ts'
import type { TlsFiles } from './certificate-files.ts'
import type { Item, Path } from './issue.ts'
import { isMapping } from './mapping.ts'
import { mayHaveTls, type SoundUpstream } from './upstream-conflicts.ts'

/** @param written the listener as the file says it: with one certificate or a list of them. */
export function listenerFiles(
  { path, value: { tls = [] } }: Item<{ readonly tls?: readonly TlsConfig[] | undefined }>,
  written: unknown,
): TlsFiles {
  const asWritten: unknown = isMapping(written) ? written['tls'] : undefined
  const isList = Array.isArray(asWritten)
  const places = tls.map((each, index) => {
    const place: Path = isList ? [...path, 'tls', index] : [...path, 'tls']
    const own: unknown = isList ? asWritten[index] : asWritten
    return { ...each, place, isShort: isMapping(own) && typeof own['client'] === 'string' }
  })
  return {
    pairs: places.map(({ place, cert, key, names }) => ({
      cert: { path: [...place, 'cert'], file: cert },
      key: { path: [...place, 'key'], file: key },
      names: { path: [...place, 'names'], values: names },
    })),
    authorities: places.flatMap(({ place, client, isShort }) => {
      if (client === undefined) return []
      const key = isShort ? ['client'] : ['client', 'ca']
      return { path: [...place, ...key], file: client.ca }
    }),
  }
}

/** @param written the upstream as the file says it; what it does not say it has from `defaults`. */
export function upstreamFiles(
  {
    path,
    value,
  }: Item<Pick<UpstreamConfig, 'tls'> & Pick<SoundUpstream, 'endpoints' | 'discover'>>,
  written: unknown,
): TlsFiles {
  if (!mayHaveTls(value)) return { pairs: [], authorities: [] }
  const own: unknown = isMapping(written) ? written['tls'] : undefined
  const named = (key: string, file: string) => {
    const isOwn = isMapping(own) && Object.hasOwn(own, key)
    return { path: isOwn ? [...path, 'tls', key] : ['defaults', 'upstream', 'tls', key], file }
  }
  const { ca, cert, key } = value.tls
  const hasPair = cert !== undefined && key !== undefined
  return {
    pairs: hasPair ? [{ cert: named('cert', cert), key: named('key', key) }] : [],
    authorities: ca === undefined ? [] : [named('ca', ca)],
  }
}
