/**
 * The request that `sluice explain` is asked about, read by the same reader as one from the wire.
 *
 * The path stays as it was typed: a URL parser would take the very dots out that are asked about.
 */
import type { Config, ListenerConfig, TlsConfig } from '../config/config.ts'
import type { ClientInfo } from '../core/client-info.ts'
import { ServerCertificates } from '../listener/server-certificates.ts'
import { AddressRanges } from '../net/address-ranges.ts'
import { hostName } from '../wire/host-name.ts'
import { HeadError, HeadReader } from '../wire/http-head.ts'
import { readRequestHead, type RequestHead } from '../wire/http-request.ts'

export interface ExplainOptions {
  /** GET unless named. */
  readonly method?: string
  /** Lines of the head, `Name: value`. */
  readonly header?: readonly string[]
  /** The name of the listener the request comes to. */
  readonly listener?: string
  /** The address the connection comes from. */
  readonly from?: string
  /** The subject of the certificate that the client shows, as RFC 2253 has it: `CN=device-7`. */
  readonly certificate?: string
}

export interface ExplainedRequest {
  readonly head: RequestHead
  readonly client: ClientInfo
  readonly listener: ListenerConfig
  /** Why it is this listener, where the URL does not say so. */
  readonly assumption: string | undefined
}

/** An address of RFC 5737, which is nobody's. */
const exampleAddress = '203.0.113.7'
/** That of RFC 6455 §1.3. */
const exampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='

/** @returns a sentence where there is no such request. */
export function requestFor(
  url: string,
  config: Config,
  options: ExplainOptions,
): ExplainedRequest | string {
  const [, scheme = '', host = '', rest = ''] =
    /^(wss?|https?):\/\/([^/?#]+)([^#]*)$/i.exec(url) ?? []
  if (options.header?.some((line) => /[\r\n]/.test(line)) === true)
    return 'a header is one line, "Name: value"'
  if (host === '') return `${url} is not a URL like wss://example.com/chat`
  const isTls = /^(?:wss|https)$/i.test(scheme)
  const found = listenerFor(config.listeners, { host, isTls, name: options.listener })
  if (typeof found === 'string') return found
  const target = rest.startsWith('/') ? rest : `/${rest}`
  const isWebSocket = scheme.toLowerCase().startsWith('ws')
  const lines = headerLines(host, isWebSocket, options.header ?? [])
  const head = readHead(`${options.method ?? 'GET'} ${target} HTTP/1.1\r\n${lines}\r\n\r\n`, found)
  if (typeof head === 'string') return head
  const { listener } = found
  const fault = certificateFault(listener, head.host, options.certificate)
  return fault ?? { ...found, head, client: clientOf(listener, options) }
}

/** @returns a sentence where nobody can be connected with this certificate, or without one. */
function certificateFault(
  { name, tls }: ListenerConfig,
  host: string,
  subject: string | undefined,
): string | undefined {
  const asked = tls && clientsOf(tls, hostName(host))
  if (subject !== undefined && asked === undefined)
    return `the listener ${name} asks no client of ${host} for a certificate, so it hears of none`
  if (subject === undefined && asked?.isRequired === true)
    return `the listener ${name} lets nobody in to ${host} without a certificate: name one with --certificate "CN=device-7"`
  return undefined
}

/** How clients of a host are asked for certificates. */
function clientsOf(tls: readonly TlsConfig[], host: string): TlsConfig['client'] {
  const certificates = new ServerCertificates(tls, () => {})
  certificates.stop()
  return certificates.select(host).options.client
}

/** Those of the request, as far as they are not given. */
function headerLines(host: string, isWebSocket: boolean, given: readonly string[]): string {
  const upgrade = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${exampleKey}`,
    'Sec-WebSocket-Version: 13',
  ]
  const names = new Set(given.map(nameOf))
  const usual = [`Host: ${host}`, ...(isWebSocket ? upgrade : [])]
  return [...usual.filter((line) => !names.has(nameOf(line))), ...given].join('\r\n')
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase()
}

function readHead(text: string, { listener }: { listener: ListenerConfig }): RequestHead | string {
  const raw = new HeadReader(listener.limits).read(Buffer.from(text), 0)
  if (raw === undefined) return 'the request has no end'
  const head = raw instanceof HeadError ? raw : readRequestHead(raw)
  return head instanceof HeadError ? `the listener would refuse it: ${head.detail}` : head
}

interface Place {
  readonly host: string
  readonly isTls: boolean
  readonly name: string | undefined
}

function listenerFor(
  listeners: readonly ListenerConfig[],
  { host, isTls, name }: Place,
): Pick<ExplainedRequest, 'listener' | 'assumption'> | string {
  if (name !== undefined) {
    const named = listeners.find((each) => each.name === name)
    if (named !== undefined) return { listener: named, assumption: undefined }
    return `there is no listener ${name}; there are ${listeners.map((each) => each.name).join(', ')}`
  }
  const port = Number(/:(\d+)$/.exec(host)?.[1] ?? (isTls ? 443 : 80))
  const there = listeners.find((each) => each.unix === undefined && each.port === port)
  if (there !== undefined) return { listener: there, assumption: undefined }
  const alike = listeners.find((each) => (each.tls !== undefined) === isTls) ?? listeners[0]
  if (alike === undefined) return 'the configuration has no listener'
  const others = listeners.length > 1 ? '; --listener names another' : ''
  return { listener: alike, assumption: `none listens on port ${port}${others}` }
}

function clientOf(
  { tls, trustedProxies }: ListenerConfig,
  { from: address = exampleAddress, certificate: subject }: ExplainOptions,
): ClientInfo {
  const ranges = new AddressRanges(trustedProxies)
  const isTrusted = (each: string) => ranges.includes(each)
  return {
    address,
    isTls: tls !== undefined,
    serverName: undefined,
    // Without a fingerprint none is told, as there is no certificate to make it of.
    certificate:
      subject === undefined ? undefined : { subject, alternativeNames: [], fingerprint: '' },
    isTrustedProxy: isTrusted(address),
    isTrusted,
  }
}
