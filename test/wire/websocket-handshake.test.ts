// The opening handshake: what a server checks of a request (RFC 6455 §4.2.1), and a client of the
// answer (§4.1). A 101 that is not checked is a tunnel anybody can make a proxy dig.

import { describe, expect, test } from 'bun:test'
import {
  acceptFor,
  offeredSubprotocols,
  switchFault,
  upgradeFault,
  type Offer,
} from '../../src/wire/websocket-handshake.ts'
import { accepted, fieldsOf, readRequest, readResponse } from '../support/reading.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

test('the answer to the key of RFC 6455 §1.3 is the one given there', () => {
  expect(acceptFor(key)).toBe(accept)
})

describe('an upgrade request', () => {
  function faultOf(line: string, ...fields: string[]): string | undefined {
    const upgrade = ['Host: a', 'Upgrade: websocket', 'Connection: Upgrade']
    return upgradeFault(accepted(readRequest(line, ...upgrade, ...fields)))
  }

  test('with a key is in order', () => {
    expect(faultOf('GET / HTTP/1.1', `Sec-WebSocket-Key: ${key}`)).toBeUndefined()
    const zero = `Sec-WebSocket-Key: ${key}`
    expect(faultOf('GET / HTTP/1.1', zero, 'Content-Length: 0')).toBeUndefined()
  })

  test.each(['POST', 'HEAD', 'PUT', 'get'])('is a GET, not %s', (method) => {
    const fault = faultOf(`${method} / HTTP/1.1`, `Sec-WebSocket-Key: ${key}`)
    expect(fault).toBe('the method of an upgrade is GET')
  })

  test.each(['Content-Length: 1', 'Transfer-Encoding: chunked'])('has no body: %s', (field) => {
    const fault = faultOf('GET / HTTP/1.1', `Sec-WebSocket-Key: ${key}`, field)
    expect(fault).toBe('an upgrade has no body')
  })

  const noKey = 'sec-websocket-key is not sixteen bytes in base64'

  test('has a key', () => {
    expect(faultOf('GET / HTTP/1.1')).toBe(noKey)
  })

  test.each([
    ['nothing', 0],
    ['fifteen bytes', 15],
    ['seventeen bytes', 17],
    ['eighteen bytes', 18],
  ])('has a key of sixteen bytes, not %s', (_, length) => {
    const wrong = Buffer.alloc(length, 0xa5).toString('base64')
    expect(faultOf('GET / HTTP/1.1', `Sec-WebSocket-Key: ${wrong}`)).toBe(noKey)
  })

  test.each([
    'dGhlIHNhbXBsZSBub25jZQ',
    'dGhlIHNhbXBsZSBub25jZQ=',
    'dGhlIHNhbXBsZSBub25jZR==',
    'dGhlIHNhbXBsZSBub25jZQ==x',
    'dGhlIHNhbXBsZSBub25_ZQ==',
    'dGhlIHNhbXBs ZSBub25jZQ==',
    `${key}, ${key}`,
  ])('has a key in base64, not %p', (wrong) => {
    expect(faultOf('GET / HTTP/1.1', `Sec-WebSocket-Key: ${wrong}`)).toBe(noKey)
  })

  test.each(['permessage-deflate,', 'a; b=', ';', 'a; b="c', 'a b'])(
    'has extensions that can be read, not %p',
    (offer) => {
      const fields = [`Sec-WebSocket-Key: ${key}`, `Sec-WebSocket-Extensions: ${offer}`]
      expect(faultOf('GET / HTTP/1.1', ...fields)).toBe('sec-websocket-extensions is malformed')
    },
  )

  test('may offer extensions that nobody knows, and parameters twice', () => {
    const fields = [`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Extensions: a, b; c; c, d; e="f"']
    expect(faultOf('GET / HTTP/1.1', ...fields)).toBeUndefined()
  })

  test('may have any sixteen bytes as key', () => {
    for (let byte = 0; byte <= 255; byte++) {
      const any = Buffer.alloc(16, byte).toString('base64')
      expect(faultOf('GET / HTTP/1.1', `Sec-WebSocket-Key: ${any}`)).toBeUndefined()
    }
  })
})

describe('the subprotocols of a request', () => {
  test('are offered in order and case', () => {
    const fields = fieldsOf('Sec-WebSocket-Protocol: graphql-ws , MQTT,,v1.x')
    expect(offeredSubprotocols(fields)).toEqual(['graphql-ws', 'MQTT', 'v1.x'])
    expect(offeredSubprotocols(fieldsOf())).toEqual([])
    expect(offeredSubprotocols(fieldsOf('Sec-WebSocket-Protocol:'))).toEqual([])
  })
})

describe('a 101', () => {
  const offer: Offer = { key, subprotocols: ['a', 'B'], extensions: ['permessage-deflate'] }
  const base = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`]
  const [upgrade = '', connection = '', acceptLine = ''] = base

  function faultOf(fields: readonly string[], line = 'HTTP/1.1 101 Switching Protocols') {
    return switchFault(accepted(readResponse(line, ...fields)), offer)
  }

  test('that answers the key is in order', () => {
    expect(faultOf(base)).toBeUndefined()
    expect(faultOf(['UPGRADE: WebSocket', 'Connection: x, upgrade', acceptLine])).toBeUndefined()
  })

  test('may choose a subprotocol and an extension that were offered', () => {
    for (const more of [
      'Sec-WebSocket-Protocol: B',
      'Sec-WebSocket-Extensions: permessage-deflate; x=1',
    ])
      expect(faultOf([...base, more])).toBeUndefined()
  })

  const wrongUpgrade = 'the upgrade header of the 101 is not websocket'
  const wrongConnection = 'the connection header of the 101 is not upgrade'
  const wrongAccept = 'sec-websocket-accept does not belong to the key that was sent'
  const wrongProtocol = 'the subprotocol was not offered'
  const wrongExtension = 'an extension was not offered'
  const extensions = 'Sec-WebSocket-Extensions:'
  const malformed = 'sec-websocket-extensions is malformed'

  test.each([
    ['no upgrade field', [connection, acceptLine], wrongUpgrade],
    ['another upgrade', ['Upgrade: h2c', connection, acceptLine], wrongUpgrade],
    ['several upgrades', ['Upgrade: websocket, h2c', connection, acceptLine], wrongUpgrade],
    ['no connection field', [upgrade, acceptLine], wrongConnection],
    ['another connection field', [upgrade, 'Connection: close', acceptLine], wrongConnection],
    ['no accept field', [upgrade, connection], wrongAccept],
    ['an empty accept field', [upgrade, connection, 'Sec-WebSocket-Accept:'], wrongAccept],
    ['the key for an answer', [upgrade, connection, `Sec-WebSocket-Accept: ${key}`], wrongAccept],
    ['the answer in another case', [...base.slice(0, 2), acceptLine.toLowerCase()], wrongAccept],
    ['two accept fields', [...base, acceptLine], wrongAccept],
    ['a subprotocol nobody offered', [...base, 'Sec-WebSocket-Protocol: c'], wrongProtocol],
    ['a subprotocol in another case', [...base, 'Sec-WebSocket-Protocol: b'], wrongProtocol],
    ['two in one line', [...base, 'Sec-WebSocket-Protocol: a, B'], wrongProtocol],
    ['an empty subprotocol', [...base, 'Sec-WebSocket-Protocol:'], wrongProtocol],
    [
      'two subprotocols',
      [...base, 'Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: a'],
      'more than one subprotocol was chosen',
    ],
    ['an extension nobody offered', [...base, `${extensions} x-webkit`], wrongExtension],
    ['one more extension', [...base, `${extensions} permessage-deflate, x`], wrongExtension],
    [
      'an extension twice',
      [...base, `${extensions} permessage-deflate, permessage-deflate`],
      'an extension was chosen twice',
    ],
    ['a malformed extension', [...base, `${extensions} permessage-deflate; =`], malformed],
    [
      'a parameter of an extension twice',
      [...base, `${extensions} permessage-deflate; x=1; x=1`],
      malformed,
    ],
    ['two extension fields', [...base, `${extensions} x`, `${extensions} x`], malformed],
  ])('with %s is refused', (_, fields, wanted) => {
    expect(faultOf(fields)).toBe(wanted)
  })

  test('in HTTP/1.0 is refused', () => {
    expect(faultOf(base, 'HTTP/1.0 101 Switching Protocols')).toBe('a 101 is HTTP/1.1')
  })

  test('that answers another key is refused', () => {
    const other = Buffer.alloc(16).toString('base64')
    expect(
      switchFault(accepted(readResponse('HTTP/1.1 101 x', ...base)), { ...offer, key: other }),
    ).toBe(wrongAccept)
    const answers = [upgrade, connection, `Sec-WebSocket-Accept: ${acceptFor(other)}`]
    expect(faultOf(answers)).toBe(wrongAccept)
  })

  test('may choose nothing where nothing was offered', () => {
    const answer = accepted(readResponse('HTTP/1.1 101 x', ...base))
    expect(switchFault(answer, { key, subprotocols: [], extensions: [] })).toBeUndefined()
  })
})
