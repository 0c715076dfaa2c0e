/**
 * Listeners that are changed together: whose socket goes on, who is let go, and what is left of one that fails.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { compareConfigs } from '../../src/config/compare.ts'
import type { Config, ListenerConfig } from '../../src/config/config.ts'
import type { ClientRequest } from '../../src/listener/client-request.ts'
import { listen, type Listener } from '../../src/listener/listener.ts'
import { ListenerSet } from '../../src/listener-set.ts'
import { Journal } from '../support/journal.ts'
import { readYaml } from '../support/reload.ts'
import { dialTcp, failureOf } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'

/** As a configuration has them. */
function configOf(listeners: readonly object[]): Config {
  const route = { path: '/', respond: { body: 'ok' } }
  return readYaml(JSON.stringify({ listeners, routes: [route] }))
}

const anyPort = (name: string) => ({ name, address: '127.0.0.1', port: 0 })
const onPath = (name: string, unix: string) => ({ name, unix })
/** In which nothing can listen. */
const nowhere = '/nowhere/at/all.sock'

const started: ListenerSet[] = []
afterEach(() => {
  for (const set of started.splice(0)) set.destroy()
})

/** A set that has started, whose requests nobody answers. */
function start(...items: readonly object[]) {
  let config = configOf(items)
  const requests = new Journal<ClientRequest>()
  const events = {
    onRequest: (request: ClientRequest) => requests.add(request),
    onRefuse() {},
    onCertificate() {},
  }
  const set = new ListenerSet(
    (options: ListenerConfig) => listen(options, events),
    () => {},
  )
  set.start(config.listeners)
  started.push(set)
  const prepare = (...next: readonly object[]) => {
    const wanted = configOf(next)
    const prepared = set.prepare(wanted.listeners, compareConfigs(config, wanted))
    return {
      abandon: () => prepared.abandon(),
      commit() {
        config = wanted
        prepared.commit()
      },
    }
  }
  const change = (...next: readonly object[]) => prepare(...next).commit()
  return { set, requests, prepare, change }
}

function only({ all: [listener] }: ListenerSet): Listener {
  if (listener === undefined) throw new Error('there is none')
  return listener
}

/** A client whose request is never answered. */
async function busyClient({ set, requests }: ReturnType<typeof start>) {
  const { unix, port } = only(set)
  const client = await dialTcp(unix ?? port)
  client.send('GET / HTTP/1.1\nHost: a.test\n\n')
  await requests.find(() => true)
  return client
}

describe('a place', () => {
  test('goes on as the same socket when its listener has another name', () => {
    const path = temporaryPath('same.sock')
    const { set, change } = start(onPath('old', path))
    const [listener, { fd }] = [only(set), only(set)]
    change(onPath('new', path))
    expect(only(set)).toBe(listener)
    expect([listener.name, listener.fd]).toEqual(['new', fd])
  })

  test('goes on when two listeners swap their names', () => {
    const [one, two] = [temporaryPath('one.sock'), temporaryPath('two.sock')]
    const { set, change } = start(onPath('a', one), onPath('b', two))
    const before = [...set.all]
    change(onPath('a', two), onPath('b', one))
    expect(set.all).toEqual(before.toReversed())
    expect(set.all.map(({ name, unix }) => [name, unix])).toEqual([
      ['a', two],
      ['b', one],
    ])
  })

  test('at any free port is that of the listener of the name', () => {
    const { set, change } = start(anyPort('a'), anyPort('b'))
    const [a, b] = set.all
    change(anyPort('b'), anyPort('c'))
    const [first, second] = set.all
    expect(first).toBe(b as never)
    expect(second?.name).toBe('c')
    expect(second).not.toBe(a as never)
    expect([a?.fd, first?.port]).toEqual([undefined, b?.port])
  })
})

describe('what was bound', () => {
  test('before one that cannot be is let go', async () => {
    const path = temporaryPath('first.sock')
    const { set, prepare } = start(anyPort('a'))
    const before = [...set.all]
    expect(() => prepare(anyPort('a'), onPath('b', path), onPath('c', nowhere))).toThrow()
    expect(existsSync(path)).toBeFalse()
    await failureOf(dialTcp(path))
    expect(set.all).toEqual(before)
    using _ = await dialTcp(only(set).port)
  })

  test('is let go by a set that cannot start', () => {
    const path = temporaryPath('first.sock')
    expect(() => start(onPath('a', path), onPath('b', nowhere))).toThrow()
    expect(existsSync(path)).toBeFalse()
  })

  test('and is not wanted after all is let go', () => {
    const path = temporaryPath('tried.sock')
    const { set, prepare } = start(anyPort('a'))
    prepare(onPath('b', path)).abandon()
    expect(existsSync(path)).toBeFalse()
    expect(set.all.map(({ name }) => name)).toEqual(['a'])
  })
})

describe('a listener that is there no more', () => {
  test('accepts nobody, and is waited for while it has a client', async () => {
    const testing = start(onPath('old', temporaryPath('old.sock')))
    const old = only(testing.set)
    using client = await busyClient(testing)
    testing.change(anyPort('new'))
    await failureOf(dialTcp(old.unix ?? ''))
    let hasLeft = false
    const left = testing.set.leave().then(() => (hasLeft = true))
    // Whoever has nobody to wait for has left by then.
    await only(testing.set).leave()
    await Bun.sleep(0)
    expect(hasLeft).toBeFalse()
    client[Symbol.dispose]()
    await left
  })

  test('is cut with the others', async () => {
    const testing = start(anyPort('old'))
    using client = await busyClient(testing)
    testing.change(anyPort('new'))
    testing.set.destroy()
    await client.farewell
  })
})
