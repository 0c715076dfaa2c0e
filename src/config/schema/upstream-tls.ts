/**
 * `tls` of an upstream: how endpoints of wss and https are spoken to.
 * Invariant: files are named here and not opened.
 */
import { show, type Reading } from '../reading.ts'
import { filePath, flag, value } from './keys.ts'
import { readHost } from './match.ts'
import { section } from './shapes.ts'

export const upstreamTlsSchema = section({
  ca: filePath({
    doc: 'The file of the authorities that are believed, PEM; those of the system by default.',
  }).optional(),
  cert: filePath({ doc: 'The file of the certificate shown to the endpoints, PEM.' }).optional(),
  key: filePath({ doc: 'The file of its private key, PEM.' }).optional(),
  'server-name': value(
    {
      doc: "The name asked for and verified; the endpoint's host by default.",
      json: { type: 'string' },
    },
    readServerName,
  ).optional(),
  verify: flag({
    doc: 'Whether an endpoint without a valid certificate for its name is refused.',
  }).prefault(true),
})
  .superRefine(({ cert, key }, context) => {
    if ((cert === undefined) === (key === undefined)) return
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    const message = `is missing; ${given} and ${missing} go together`
    context.addIssue({ code: 'custom', path: [missing ?? ''], message })
  })
  .transform(({ ca, cert, key, 'server-name': serverName, verify }) => ({
    ca,
    cert,
    key,
    serverName,
    isVerified: verify,
  }))

function readServerName(input: unknown): Reading<string> {
  const host = readHost(input)
  if (host.problem !== undefined || !host.value.startsWith('*.')) return host
  return { problem: `must be one name, not ${show(input)}` }
}
