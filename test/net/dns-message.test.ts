/** DNS messages as bytes: what was asked for is read, everything else is not, and nothing breaks. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isDnsName, readReply, writeQuestion, type DnsQuestion } from '../../src/net/dns-message.ts'
import { a, cname, srv, writeAnswer } from '../support/dns-server.ts'

const question: DnsQuestion = { id: 0x1234, name: 'chat.test', type: 'A' }
const answer = writeAnswer(question, {
  answers: [cname('chat.test', 'one.test'), a('one.test', '10.0.0.1')],
})
const service: DnsQuestion = { id: 0x1234, name: '_ws._tcp.chat.test', type: 'SRV' }
const serviceAnswer = writeAnswer(service, {
  answers: [srv(service.name, 'one.test', 9000, { priority: 1, weight: 2 })],
  additionals: [a('one.test', '10.0.0.1')],
})

/** A head with these counts of questions, answers and others, then what is given. */
function message(
  counts: readonly number[],
  ...parts: readonly (Buffer | readonly number[])[]
): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(question.id)
  head.writeUInt16BE(0x8180, 2)
  counts.forEach((count, index) => head.writeUInt16BE(count, 4 + 2 * index))
  return Buffer.concat([head, ...parts.map((part) => Buffer.from(part))])
}

/** What was asked: its bytes in a message. */
const asked = writeQuestion(question).subarray(12)

describe('an answer', () => {
  test('is read when it is to the question, in whatever letters it repeats it', () => {
    const shouted = writeAnswer(
      { ...question, name: 'CHAT.Test' },
      { answers: [a('chat.TEST', '10.0.0.1')] },
    )
    for (const bytes of [answer, shouted])
      expect(readReply(bytes, question)?.addresses).toEqual(['10.0.0.1'])
  })

  test('is as long valid as what is told along with it', () => {
    const told = writeAnswer(service, {
      answers: [srv(service.name, 'one.test', 1, { ttl: 90 })],
      additionals: [a('one.test', '10.0.0.1', 3)],
    })
    expect(readReply(told, service)?.ttlMs).toBe(3_000)
  })

  test('has every address that was written, in its order', () => {
    const addresses = fc.array(fc.ipV4(), { maxLength: 200 })
    fc.assert(
      fc.property(addresses, fc.integer({ min: 0, max: 0xffff }), (all, id) => {
        const bytes = writeAnswer(
          { ...question, id },
          { answers: all.map((one) => a('chat.test', one)) },
        )
        expect(readReply(bytes, { ...question, id })?.addresses).toEqual(all)
      }),
    )
  })

  test('is none when it is itself a question, has another id, or no or another question', () => {
    expect(readReply(writeQuestion(question), question)).toBeUndefined()
    expect(readReply(answer, { ...question, id: 1 })).toBeUndefined()
    expect(readReply(answer, { ...question, name: 'other.test' })).toBeUndefined()
    expect(readReply(answer, { ...question, type: 'AAAA' })).toBeUndefined()
    expect(readReply(message([0, 0, 0, 0]), question)).toBeUndefined()
    expect(readReply(message([2, 0, 0, 0], asked, asked), question)).toBeUndefined()
  })

  test('that was cut off anywhere is taken whole or not at all', () => {
    for (let length = 0; length < answer.length; length++)
      expect(readReply(answer.subarray(0, length), question)).toBeUndefined()
  })
})

describe('hostile answers', () => {
  const address = [0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1]

  test('whose names lead to themselves, forwards or out of the message are not read', () => {
    const start = 12 + asked.length
    for (const to of [start, start + 2, start + 1, 0x3fff]) {
      const pointer = [0xc0 | (to >> 8), to & 0xff]
      expect(readReply(message([1, 1, 0, 0], asked, pointer, address), question)).toBeUndefined()
    }
  })

  test('that promise more records than they have are not read', () => {
    expect(readReply(message([1, 0xffff, 0xffff, 0xffff], asked), question)).toBeUndefined()
    expect(readReply(message([0xffff, 0, 0, 0], asked), question)).toBeUndefined()
  })

  test('of the largest size, with each name at the end of a long way, are read to their end', () => {
    const ways = Buffer.alloc(16_000)
    const start = 12 + asked.length + 11
    for (let at = 2; at < ways.length; at += 2) ways.writeUInt16BE(0xc000 | (start + at - 2), at)
    const holder = Buffer.from([0, 0, 10, 0, 1, 0, 0, 0, 0, ways.length >> 8, ways.length & 0xff])
    const last = start + ways.length - 2
    const record = Buffer.from([0xc0 | (last >> 8), last & 0xff, ...address])
    const count = Math.floor((65_535 - start - ways.length) / record.length)
    const records = Array.from({ length: count }, () => record)
    const reply = readReply(
      message([1, count + 1, 0, 0], asked, holder, ways, ...records),
      question,
    )
    expect(reply).toMatchObject({ code: 'NOERROR', addresses: [] })
  })

  test('never break the reader, and bring no name that could not stand in a header', () => {
    const changes = fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 8 })
    const cases = fc.constantFrom(
      { question, answer },
      { question: service, answer: serviceAnswer },
    )
    fc.assert(
      fc.property(cases, changes, fc.uint8Array({ maxLength: 64 }), (one, edits, rest) => {
        const bytes = Buffer.concat([one.answer, rest])
        for (const [at, value] of edits) if (at >= 2 && at < bytes.length) bytes[at] = value
        const reply = readReply(bytes, one.question)
        for (const { target } of reply?.services ?? []) expect(target).toMatch(/^[a-z\d._-]+$/)
        for (const found of reply?.addresses ?? []) expect(found).toMatch(/^[\d.]+$/)
      }),
      { numRuns: 5_000 },
    )
  })

  test('made of noise are not read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => {
        expect(
          readReply(Buffer.concat([Buffer.from([0x12, 0x34]), noise]), question),
        ).toBeUndefined()
      }),
    )
  })
})

test('names are those that DNS can carry and a URL can hold', () => {
  const good = [
    'chat',
    'chat.internal',
    'chat.internal.',
    '_ws._tcp.chat',
    'x'.repeat(63),
    '10.0.0.1',
  ]
  const bad = [
    '',
    '.',
    '..',
    '.chat',
    'a..b',
    'a b',
    'ä',
    'a/b',
    'a:1',
    'a\n',
    'x'.repeat(64),
    'x.'.repeat(127) + 'x.y',
  ]
  expect(good.filter((name) => !isDnsName(name))).toEqual([])
  expect(bad.filter(isDnsName)).toEqual([])
})
