// A second reading of RFC 9112, to compare the parsers with: regular expressions over a whole text of
// one character a byte. It tells what a text that is accepted must mean, and nothing of the others.

import type { BodyFraming } from '../../src/wire/http-body.ts'
import type { HeadLimits } from '../../src/wire/http-head.ts'

const field = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*((?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*$/

export interface JudgedHead {
  /** Characters of the text that are the head. */
  readonly length: number
  readonly startLine: string
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** @returns undefined if the text does not start with a whole head that is well-formed. */
export function judgeHead(text: string, limits: HeadLimits): JudgedHead | undefined {
  const start = text.startsWith('\r\n') ? 2 : 0
  const end = text.indexOf('\r\n\r\n', start)
  if (end < 0 || end + 4 > limits.headBytes) return undefined
  const [startLine = '', ...lines] = text.slice(start, end).split('\r\n')
  if (lines.length > limits.headers || !/^[\t -~\x80-\xff]+$/.test(startLine)) return undefined
  const fields = lines.map((line) => field.exec(line))
  if (fields.includes(null)) return undefined
  return {
    length: end + 4,
    startLine,
    fields: fields.map((match) => [match?.[1]?.toLowerCase() ?? '', match?.[2] ?? '']),
  }
}

export interface JudgedRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly body: BodyFraming
}

const authority = /^$|^(?:\[[\da-fA-F:.]+\]|[\w.-]+)(?::\d{0,5})?$/
const comesOnce = /^(?:host|origin|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/

export function judgeRequest(head: JudgedHead): JudgedRequest | undefined {
  const line = /^([!#$%&'*+\-.^_`|~\w]+) ([!-"$-~\x80-\xff]+) HTTP\/1\.([01])$/.exec(head.startLine)
  if (line === null) return undefined
  const [, method = '', sent = '', minor = ''] = line
  const names = head.fields.map(([name]) => name).filter((name) => comesOnce.test(name))
  if (new Set(names).size < names.length) return undefined
  const told = head.fields.find(([name]) => name === 'host')?.[1]
  if (told === undefined && minor === '1') return undefined

  const url = /^(?:http|https|ws|wss):\/\/([^/?]+)(.*)$/i.exec(sent)
  if (!sent.startsWith('/') && url === null && !(sent === '*' && method === 'OPTIONS'))
    return undefined
  const host = url?.[1] ?? told ?? ''
  if (!authority.test(host)) return undefined
  const rest = url?.[2] ?? sent
  const target = rest.startsWith('/') || sent === '*' ? rest : `/${rest}`
  const body = judgeFraming(head, minor)
  return body === undefined
    ? undefined
    : { method, target, host, body: body ?? { kind: 'length', bytes: 0 } }
}

/** @returns the framing; null if the fields say nothing; undefined if what they say is refused. */
export function judgeFraming(head: JudgedHead, minor: string): BodyFraming | null | undefined {
  const said = head.fields.filter(([name]) => /^(?:content-length|transfer-encoding)$/.test(name))
  const [first] = said
  if (first === undefined) return null
  if (said.length > 1) return undefined
  const [name, value] = first
  if (name === 'content-length')
    return /^\d{1,15}$/.test(value) ? { kind: 'length', bytes: Number(value) } : undefined
  return minor === '1' && /^chunked$/i.test(value) ? { kind: 'chunked' } : undefined
}

/** @returns the length of the chunked body that the text starts with; undefined if it is not whole and well-formed. */
export function judgeChunks(text: string): number | undefined {
  let offset = 0
  for (;;) {
    const line = /^([\da-fA-F]{1,13})(?:;[\t -~\x80-\xff]{0,256})?\r\n/.exec(text.slice(offset))
    if (line === null) return undefined
    offset += line[0].length
    const size = Number.parseInt(line[1] ?? '', 16)
    if (size === 0) break
    if (text.slice(offset + size, offset + size + 2) !== '\r\n') return undefined
    offset += size + 2
  }
  // No name that begins with an X, as `someTrailers` has it.
  const trailer = /^(?:(?!x)[!#$%&'*+\-.^_`|~\w]+:[\t -~\x80-\xff]*\r\n)*\r\n/i.exec(
    text.slice(offset),
  )?.[0]
  return trailer === undefined || trailer.length > 8192 ? undefined : offset + trailer.length
}
