// The first answer of an Engine.IO session on its way to the client: the sid gets the endpoint's tag, and
// what is no open packet passes as it came.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { maxOpenAnswerBytes, OpenAnswer, tagOpenPacket } from '../../src/proxy/engine-io-open.ts'
import { HttpConnection } from '../../src/upstream/http-connection.ts'
import { encodeHead } from '../../src/wire/http-fields.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { everyCutting, pieces, type Cuts } from '../support/pieces.ts'
import { head } from '../support/reading.ts'

const tag = 'TAGTAG00'
const open = '0{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000}'
const tagged = open.replace('AAAB', `AAAB.${tag}`)

interface Passed {
  readonly text: string
  readonly isEnded: boolean
  readonly isFailed: boolean
}

/** Head and body as they go on to the client, where the answer arrives in these pieces. */
async function pass(answer: Buffer, cuts: Cuts = [], isEnded = false): Promise<Passed> {
  const stream = new FakeStream()
  const connection = new HttpConnection(stream)
  connection.send(head('GET / HTTP/1.1'), 'GET', {})
  const passed = { text: '', isEnded: false, isFailed: false }
  const chunks = pieces(answer, cuts)
  const feed = () => {
    const chunk = chunks.shift()
    if (chunk !== undefined) stream.handler.streamOnData(chunk)
    return chunk !== undefined
  }
  const answered = connection.answer().then((received) => {
    const sink = new OpenAnswer({
      answer: received,
      tag,
      sendHead({ status, reason, fields }) {
        passed.text += encodeHead(`HTTP/1.1 ${status} ${reason}`, fields.list).toString('latin1')
      },
      sink: {
        bodyOnData: (bytes) => void (passed.text += bytes.toString('latin1')),
        bodyOnEnd: () => (passed.isEnded = true),
        bodyOnFailure: () => (passed.isFailed = true),
        mayTrail: (name) => !name.startsWith('x'),
      },
    })
    connection.readBody(sink)
  })
  // The body comes once it is read, as from a stream that was paused.
  while (feed() && !(await isSettled(answered)));
  await answered
  while (feed());
  if (isEnded) stream.handler.streamOnEnd()
  return passed
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  for (let turn = 0; turn < 4; turn++) await Promise.resolve()
  return settled
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function answerOf(body: Buffer | string, ...lines: string[]): Buffer {
  const content = Buffer.from(body)
  const length = `Content-Length: ${content.length}`
  return Buffer.concat([head('HTTP/1.1 200 OK', ...lines, length), content])
}

function chunkedAnswer(framed: string, ...lines: string[]): Buffer {
  const coding = 'Transfer-Encoding: chunked'
  return Buffer.concat([head('HTTP/1.1 200 OK', ...lines, coding), bytes(framed)])
}

const type = 'Content-Type: text/plain; charset=UTF-8'

describe('an open packet', () => {
  const wanted = { text: answerOf(tagged, type).toString('latin1'), isEnded: true, isFailed: false }

  test('gets the tag behind its sid, and the answer the length that it then has, however it is cut', async () => {
    const answer = answerOf(open, type)
    expect(await pass(answer)).toEqual(wanted)
    for (const cuts of everyCutting(answer.length)) expect(await pass(answer, cuts)).toEqual(wanted)
  })

  test('in chunks leaves in one piece, however they are made and cut', async () => {
    const byteByByte = Array.from(open)
      .map((byte) => `1\r\n${byte}\r\n`)
      .join('')
    const whole = `${open.length.toString(16)};x=y\r\n${open}\r\n`
    for (const chunks of [whole, byteByByte]) {
      const answer = chunkedAnswer(`${chunks}0\r\nExpires: never\r\n\r\n`, type, 'Trailer: Expires')
      expect(await pass(answer)).toEqual(wanted)
      for (const cuts of everyCutting(answer.length))
        expect(await pass(answer, cuts)).toEqual(wanted)
    }
  })

  test('that ends with the connection gets a length', async () => {
    const answer = Buffer.concat([head('HTTP/1.1 200 OK', type), bytes(open)])
    for (const cuts of [[], [20], [answer.length - 1]])
      expect(await pass(answer, cuts, true)).toEqual(wanted)
  })

  test('keeps what comes behind it to the byte, other headers and their order', async () => {
    const more = '\x1e40{"sid":"other","text":"grüße"}\x1ebAQID\x1e4\xff'
    const lines = ['Set-Cookie: io=abc', type, 'Access-Control-Allow-Origin: https://a.test']
    expect((await pass(answerOf(bytes(open + more), ...lines))).text).toBe(
      answerOf(bytes(tagged + more), ...lines).toString('latin1'),
    )
  })

  test('may be written as any JSON', () => {
    const spaced = '0 { "upgrades": [], "sid": "gr\\u00fc\\"ße", "maxPayload": 1e6 }'
    const said = tagOpenPacket(Buffer.from(spaced), tag)?.toString().slice(1) ?? ''
    expect(JSON.parse(said)).toEqual({ upgrades: [], sid: `grü"ße.${tag}`, maxPayload: 1_000_000 })
  })

  test('with any sid and any values keeps them, and their order', () => {
    const said = fc.tuple(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(
      fc.property(said, fc.uint8Array(), ([sid, more], rest) => {
        const packet = Buffer.from(`0${JSON.stringify({ ...more, sid })}`)
        const behind = Buffer.concat([Buffer.of(0x1e), rest])
        const wantedPacket = JSON.stringify({ ...more, sid: `${sid}.${tag}` })
        expect(tagOpenPacket(Buffer.concat([packet, behind]), tag)).toEqual(
          Buffer.concat([Buffer.from(`0${wantedPacket}`), behind]),
        )
      }),
    )
  })
})

describe('as it came passes', () => {
  const long = `0{"sid":"a"}\x1e4${'x'.repeat(maxOpenAnswerBytes)}`
  const longest = `0{"sid":"a"}\x1e4${'x'.repeat(maxOpenAnswerBytes - 14)}`
  const sized = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`

  test.each([
    ['another packet', answerOf('6')],
    ['an empty body', answerOf('')],
    ['an open packet without a sid', answerOf('0{"upgrades":[]}')],
    ['a sid that is no text', answerOf('0{"sid":7}')],
    ['an open packet that is no object', answerOf('0["sid"]')],
    ['null', answerOf('0null')],
    ['what is no JSON', answerOf('0{"sid":"a"')],
    ['what is no UTF-8', answerOf(bytes('0{"sid":"\xff"}'))],
    ['an earlier revision of the protocol', answerOf('97:0{"sid":"a"}2:40')],
    ['a page', answerOf('<!doctype html>', 'Content-Type: text/html')],
    ['what is compressed all the same', answerOf(open, 'Content-Encoding: gzip')],
    ['chunks without an open packet', chunkedAnswer('1;a=b\r\n6\r\n0\r\nExpires: never\r\n\r\n')],
    ['more than an open packet can have', answerOf(long)],
    ['more than that in chunks', chunkedAnswer(sized(long))],
    ['chunks with a little more framing than that', chunkedAnswer(sized(longest))],
  ])('%s', async (_, answer) => {
    const wanted = { text: answer.toString('latin1'), isEnded: true, isFailed: false }
    expect(await pass(answer)).toEqual(wanted)
    const [middle, last] = [Math.floor(answer.length / 2), answer.length - 1]
    for (const cuts of [[last], [20, last], [middle, middle + 1]])
      expect(await pass(answer, cuts)).toEqual(wanted)
  })

  test.each([400, 403, 500])('a refusal with %d, whatever it says', async (status) => {
    const answer = bytes(answerOf(open).toString('latin1').replace('200 OK', `${status} No`))
    expect((await pass(answer)).text).toBe(answer.toString('latin1'))
  })

  test('what grows too long at once, without waiting for its end', async () => {
    const answer = chunkedAnswer(sized(long)).subarray(0, -10)
    const passed = await pass(answer, [200])
    expect(passed).toEqual({ text: answer.toString('latin1'), isEnded: false, isFailed: false })
  })

  test('and one byte less is tagged', async () => {
    const passed = await pass(answerOf(longest))
    expect(passed.text).toEndWith(longest.replace('"a"', `"a.${tag}"`))
  })
})

describe('nothing passes', () => {
  test('of an answer that breaks off', async () => {
    const passed = await pass(answerOf(open).subarray(0, -1), [], true)
    expect(passed).toEqual({ text: '', isEnded: false, isFailed: true })
  })

  test('of one with a trailer that may not be there', async () => {
    const passed = await pass(chunkedAnswer(`1\r\n6\r\n0\r\nX-Admin: 1\r\n\r\n`))
    expect(passed).toMatchObject({ isEnded: false, isFailed: true })
    expect(passed.text).toBe('')
  })
})
