/**
 * What bytes on a wire say, a line each: answers, requests and frames as a peer would read them that
 * asks no questions. For looking at what an attack brought about.
 */

/** What a client got: `200 body`, `400 CODE` of a refusal, and frames behind a 101. */
export function answersIn(text: string): string[] {
  const lines: string[] = []
  let offset = 0
  for (;;) {
    const end = text.indexOf('\r\n\r\n', offset) + 4
    if (end < 4) return lines
    const head = text.slice(offset, end)
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
    if (status === undefined) return [...lines, 'nonsense']
    offset = end
    if (status === '101') return [...lines, status, ...framesIn(text.slice(end))]
    if (status.startsWith('1')) lines.push(status)
    else {
      const body = bodyAt(head, status, text.slice(end))
      if (body === undefined) return lines
      offset += body.length
      const start = body.slice(0, 40).replaceAll(/\s+/g, ' ')
      lines.push(`${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? start}`.trimEnd())
    }
  }
}

/** @returns undefined while it is not whole. */
function bodyAt(head: string, status: string, text: string): string | undefined {
  if (status === '204' || status === '304') return ''
  if (/^transfer-encoding: *chunked\r$/im.test(head)) {
    const end = text.indexOf('0\r\n\r\n')
    return end < 0 ? undefined : text.slice(0, end + 5)
  }
  const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1]
  // Without a length it ends with the connection.
  if (length === undefined) return text
  return text.length < Number(length) ? undefined : text.slice(0, Number(length))
}

/** What a server got on one connection: request lines, wherever they stand, and frames behind a handshake. */
export function requestsIn(text: string): string[] {
  const handshake = /^upgrade: *websocket\r$/im.exec(text)
  const end = handshake === null ? -1 : text.indexOf('\r\n\r\n', handshake.index)
  const http = end < 0 ? text : text.slice(0, end)
  const lines = [...http.matchAll(/^([A-Z]+ \S+) HTTP\/1\.[01]\r?$/gm)].map(([, line = '']) => line)
  return end < 0 ? lines : [...lines, ...framesIn(text.slice(end + 4))]
}

const opcodes: Readonly<Record<number, string>> = {
  0: 'more',
  1: 'text',
  2: 'binary',
  9: 'ping',
  10: 'pong',
}

/** Whole frames; text and binary with the start of their payload, a Close with its code. */
export function framesIn(text: string): string[] {
  const bytes = Buffer.from(text, 'latin1')
  const lines: string[] = []
  for (let offset = 0; offset + 2 <= bytes.length;) {
    const second = bytes.readUInt8(offset + 1)
    const short = second & 0x7f
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
    const keyAt = offset + 2 + lengthBytes
    const payloadAt = keyAt + (second >> 7) * 4
    if (payloadAt > bytes.length) return lines
    const length =
      lengthBytes === 0
        ? short
        : lengthBytes === 2
          ? bytes.readUInt16BE(offset + 2)
          : Number(bytes.readBigUInt64BE(offset + 2))
    if (payloadAt + length > bytes.length) return lines
    const key = second >> 7 === 0 ? Buffer.alloc(4) : bytes.subarray(keyAt, keyAt + 4)
    const payload = bytes
      .subarray(payloadAt, payloadAt + length)
      .map((byte, index) => byte ^ key.readUInt8(index & 3))
    lines.push(frameLine(bytes.readUInt8(offset) & 0x0f, Buffer.from(payload)))
    offset = payloadAt + length
  }
  return lines
}

function frameLine(opcode: number, payload: Buffer): string {
  if (opcode === 8) return `Close ${payload.length < 2 ? 1005 : payload.readUInt16BE()}`
  return `${opcodes[opcode] ?? `opcode ${opcode}`} ${payload.toString('latin1', 0, 20)}`.trimEnd()
}
