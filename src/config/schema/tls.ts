/**
 * `tls` of a listener: its certificates, each for the server names it is for.
 * Invariant: files are named here and not opened; whether they are there and fit together is checked
 * where files are read (certificate-files.ts).
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { filePath, flag, value } from './keys.ts'
import { readHost } from './match.ts'
import { filledList, oneOrMore, section } from './shapes.ts'

const client = z.union([
  filePath({ doc: 'The file of the authorities whose certificates are accepted, PEM.' }).transform(
    (ca) => ({ ca, require: true }),
  ),
  section(
    {
      ca: filePath({ doc: 'The file of the authorities whose certificates are accepted, PEM.' }),
      require: flag({
        doc: 'Whether a client without an accepted certificate is refused; otherwise it is served without one.',
      }).prefault(true),
    },
    { error: 'must be the file of the authorities or a mapping' },
  ),
])

const name = value(
  { doc: 'A server name, or "*.example.com" for every name below.', json: { type: 'string' } },
  readServerName,
)

const certificate = section(
  {
    cert: filePath({ doc: 'The file of the certificate and its chain, PEM, its own first.' }),
    key: filePath({ doc: 'The file of the private key, PEM.' }),
    names: oneOrMore(name, 'must be a server name or a list of them')
      .prefault([])
      .describe('The server names it is for; those in the certificate by default.'),
    min: value(
      {
        doc: 'The lowest version of TLS that is spoken.',
        json: { enum: ['1.2', '1.3', 1.2, 1.3] },
      },
      readVersion,
    ).prefault('1.2'),
    client: client
      .optional()
      .describe('Asks clients for a certificate; by default none is asked for.'),
  },
  { error: 'must be a mapping with cert and key, or a list of such mappings' },
).transform(({ client, ...rest }) => ({
  ...rest,
  client: client === undefined ? undefined : { ca: client.ca, isRequired: client.require },
}))

export const tlsSchema = z.union([
  filledList(certificate, {
    error: 'must be a list of certificates',
    empty: 'needs at least one certificate',
  }),
  certificate.transform((only) => [only]),
])

/** TLS carries names only: an address is served with the first certificate. */
function readServerName(input: unknown): Reading<string> {
  const host = readHost(input)
  if (host.problem !== undefined || !/^\[|^[\d.]+$/.test(host.value)) return host
  return {
    problem: `${show(input)} is an address; clients that ask by address get the first certificate`,
  }
}

/** YAML reads 1.2 without quotes as a number, and it says the same. */
function readVersion(input: unknown): Reading<'1.2' | '1.3'> {
  const text = typeof input === 'number' || typeof input === 'string' ? String(input) : ''
  if (text === '1.2' || text === '1.3') return { value: text }
  const version = /^(?:TLS ?)?v?1\.([0-3])$/i.exec(text)?.[1]
  const problem = `must be 1.2 or 1.3, not ${show(input)}`
  if (version === '0' || version === '1' || /^SSL/i.test(text))
    return { problem: `${problem}: older versions are broken` }
  return { problem, suggestion: version && `write min: "1.${version}"` }
}
