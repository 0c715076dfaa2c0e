/**
 * Those who want more than their share: of messages in a second, of sessions for one client, of
 * handshakes and connections at once.
 */
import { testDefences, type Attack, type Defence, type Scene } from '../support/attack.ts'
import { byteAttack, handshake, head, passBarrier, until } from '../support/byte-attack.ts'
import { masked } from '../support/session-attack.ts'
import { dialTcp, type TcpConnection } from '../support/tcp.ts'
import { answersIn } from '../support/transcript.ts'

const texts = (count: number) =>
  masked(...Array.from({ length: count }, (_, index) => ({ opcode: 1, payload: `EVIL ${index}` })))

/** A flood in one piece, on a route with this limit. It succeeds if the end of it arrives. */
const flooding = (name: string, limits: string, frames: string, passed: readonly string[]) =>
  byteAttack({
    name,
    wants: 'a server that has more to do than it can',
    routes: `  - { upstream: "ws://UPSTREAM", limits: ${limits}, timeout: { close: 400ms } }`,
    sends: [handshake('/'), frames],
    repelled: [
      '101',
      'Close 4429',
      'ended',
      'upstream: GET /',
      ...[...passed, 'Close 1011'].map((line) => `upstream: ${line}`),
    ],
    gains: { upstream: /EVIL 99/ },
  })

const throttle = 'proxy/throttle.ts'
const fiveMessages = '{ messages: { rate: 1/s, burst: 5, over: close } }'
const firstFive = Array.from({ length: 5 }, (_, index) => `text EVIL ${index}`)

/** Somebody with these addresses, one a handshake, who wants three sessions where there may be two. */
interface Many {
  readonly name: string
  readonly listener?: string
  /** One handshake each. */
  readonly fields: readonly (readonly string[])[]
}

/** Opens one after the other, and keeps them. It succeeds if the last is opened too. */
function opening({ name, fields, listener = '' }: Many): Attack {
  return {
    name,
    wants: 'all sessions there may be, for himself alone',
    listener,
    routes: '  - { upstream: "ws://UPSTREAM", limits: { sessions-per-client: 2 } }',
    repelled: [...Array<string>(fields.length - 1).fill('101'), '429 TOO_MANY_SESSIONS_OF_CLIENT'],
    async run(scene) {
      const clients: TcpConnection[] = []
      const seen: string[] = []
      for (const lines of fields) {
        const client = await scene.open()
        clients.push(client)
        client.send(handshake('/', ...lines))
        await until(() => answersIn(client.received).length > 0)
        seen.push(answersIn(client.received)[0] ?? 'nothing')
      }
      for (const client of clients) client[Symbol.dispose]()
      return { seen, isGained: seen.at(-1) === '101' }
    },
  }
}

const told = (...addresses: readonly string[]) =>
  addresses.map((address) => [`X-Forwarded-For: ${address}`])
const trusting = 'trusted-proxies: [127.0.0.1]'

/** Begins as many handshakes as it takes with a server that answers none. */
const mute: Attack = {
  name: 'handshakes that the server does not answer',
  wants: 'all dials there may be, for himself alone',
  listener: 'limits: { handshakes: 2 }',
  routes: '  - { upstream: "ws://UPSTREAM" }',
  answer: () => undefined,
  repelled: ['503 TOO_MANY_HANDSHAKES'],
  async run(scene) {
    const begin = async (): Promise<TcpConnection> => {
      const client = await scene.open()
      client.send(handshake('/'))
      await passBarrier(scene)
      return client
    }
    using _ = await begin()
    using __ = await begin()
    using third = await begin()
    const isThere = () => scene.upstream.received.filter((text) => text !== '').length === 3
    await until(() => isThere() || third.received !== '')
    return { seen: answersIn(third.received), isGained: isThere() }
  },
}

/** Holds as many connections as there may be, and one more. */
const crowded: Attack = {
  name: 'connections on which nothing is said',
  wants: 'all connections there may be',
  listener: 'limits: { clients: 2 }',
  routes: '  - { upstream: "http://UPSTREAM" }',
  repelled: ['503 TOO_MANY_CONNECTIONS', 'ended'],
  async run({ port }: Scene) {
    using _ = await dialTcp(port)
    using __ = await dialTcp(port)
    using third = await dialTcp(port)
    let farewell: string | undefined
    void third.farewell.then((how) => (farewell = how))
    third.send(head('GET / HTTP/1.1'))
    // A head may come before its body: only the whole answer counts.
    const isGained = () => answersIn(third.received).includes('200 ok')
    await until(() => farewell !== undefined || isGained())
    const seen = [...answersIn(third.received), ...(farewell === undefined ? [] : [farewell])]
    return { seen, isGained: isGained() }
  },
}

const defences: Defence[] = [
  {
    name: 'a rate of messages holds for those of one piece too',
    without: [
      {
        file: throttle,
        replace: 'direction.mostBegun = begun + (this.#messages?.available(nowMs) ?? Infinity)',
        by: 'direction.mostBegun = Infinity',
      },
    ],
    attacks: [
      flooding('a hundred messages in one piece', fiveMessages, texts(100), firstFive),
      flooding(
        'a hundred messages without a byte, and one',
        fiveMessages,
        masked(...Array.from({ length: 99 }, () => ({ opcode: 2 }))) +
          masked({ opcode: 1, payload: 'EVIL 99' }),
        Array<string>(5).fill('binary'),
      ),
    ],
  },
  {
    name: 'a rate of bytes holds for those of one piece too',
    without: [
      {
        file: throttle,
        replace: 'pass(this.#bytes?.available(nowMs) ?? Infinity)',
        by: 'pass(Infinity)',
      },
    ],
    attacks: [
      flooding(
        'a hundred pings in one piece',
        '{ bytes: { rate: 1KB/s, burst: 1KB, over: close } }',
        masked(
          ...Array.from({ length: 100 }, (_, index) => ({
            opcode: 9,
            payload: `EVIL ${index}`.padEnd(100),
          })),
        ),
        Array.from({ length: 9 }, (_, index) => `ping EVIL ${index}`),
      ),
    ],
  },
  {
    name: 'a client without a known proxy is one client, whatever it tells',
    without: [
      {
        file: 'proxy/trusted.ts',
        replace: 'if (!client.isTrustedProxy) return client.address',
        by: '',
      },
    ],
    attacks: [
      opening({
        name: 'another X-Forwarded-For each time',
        fields: told('203.0.113.1', '203.0.113.2', '203.0.113.3'),
      }),
      opening({
        name: 'another Forwarded each time',
        fields: [1, 2, 3].map((number) => [`Forwarded: for=203.0.113.${number}`]),
      }),
    ],
  },
  {
    name: 'behind a known proxy it is the one that the proxy has seen',
    without: [
      {
        file: 'proxy/trusted.ts',
        replace: 'passedAddresses(fields).toReversed()',
        by: 'passedAddresses(fields)',
      },
    ],
    attacks: [
      opening({
        name: 'another address in front of his own each time',
        listener: trusting,
        fields: told('192.0.2.1, 203.0.113.7', '192.0.2.2, 203.0.113.7', '192.0.2.3, 203.0.113.7'),
      }),
    ],
  },
  {
    name: 'the addresses of one network are one client',
    without: [{ file: 'proxy/quota.ts', replace: '(number >> 64n) << 64n', by: 'number' }],
    attacks: [
      opening({
        name: 'another address of his /64 each time',
        listener: trusting,
        fields: told('2001:db8:0:7::1', '2001:db8:0:7:ffff::2', '2001:db8:0:7:a:b:c:d'),
      }),
      opening({
        name: 'another port of another address each time',
        listener: trusting,
        fields: told('[2001:db8::1]:1000', '[2001:db8::2]:2000', '[2001:db8:0:0::3]:3000'),
      }),
    ],
  },
  {
    name: 'an address is one client however it is written',
    without: [
      {
        file: 'proxy/trusted.ts',
        replace: 'formatAddress(address)',
        by: '(bracketed ?? dotted ?? text)',
      },
      { file: 'proxy/quota.ts', replace: 'if (number === undefined)', by: 'if (number !== 0n)' },
    ],
    attacks: [
      opening({
        name: 'his address written otherwise each time',
        listener: trusting,
        fields: told('2001:db8:a::1', '2001:DB8:A::1', '2001:0db8:000a::0001'),
      }),
      opening({
        name: 'his IPv4 address, and the same inside of an IPv6 address',
        listener: trusting,
        fields: told('203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107'),
      }),
    ],
  },
  {
    name: 'a listener has so many handshakes under way',
    without: [
      {
        file: 'proxy/handshake.ts',
        replace: 'if (underWay?.enter(facts.address) !== undefined) throw',
        by: "if (facts.address === 'nobody') throw",
      },
    ],
    attacks: [mute],
  },
  {
    name: 'a listener has so many clients',
    without: [
      {
        file: 'listener/listener.ts',
        replace: 'this.#clients > (this.#terms.options.limits.clients ?? Infinity)',
        by: 'this.#clients < 0',
      },
    ],
    attacks: [crowded],
  },
]

testDefences(defences)
