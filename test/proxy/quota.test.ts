import { describe, expect, test } from 'bun:test'
import { clientKey, Quota } from '../../src/proxy/quota.ts'

describe('a quota', () => {
  test('says which limit is reached, and has room again when somebody leaves', () => {
    const quota = new Quota({ total: 3, perClient: 2 })
    expect(['a', 'a', 'a', 'b', 'c'].map((address) => quota.enter(address))).toEqual([
      undefined,
      undefined,
      'client',
      undefined,
      'total',
    ])
    quota.leave('a')
    expect(quota.enter('a')).toBeUndefined()
    expect(quota.total).toBe(3)
  })

  test('counts a client from nothing once all of its own have left', () => {
    const quota = new Quota({ total: undefined, perClient: 1 })
    for (let stay = 0; stay < 3; stay++) {
      expect(quota.enter('2001:db8::1')).toBeUndefined()
      expect(quota.enter('2001:db8::2')).toBe('client')
      quota.leave('2001:db8::1')
    }
    expect(quota.total).toBe(0)
  })
})

describe('a quota that is told other limits', () => {
  test('lets nobody in while more are in than may be, and throws nobody out', () => {
    const quota = new Quota({ total: undefined, perClient: undefined })
    for (const address of ['a', 'a', 'b']) quota.enter(address)
    quota.follow({ total: 2, perClient: undefined }, () => ['a', 'a', 'b'])
    expect(quota.enter('c')).toBe('total')
    quota.leave('a')
    quota.leave('a')
    expect(quota.enter('c')).toBeUndefined()
  })

  test('counts each client from then on, those included that were in before', () => {
    const quota = new Quota({ total: undefined, perClient: undefined })
    for (const address of ['a', 'a', 'b']) quota.enter(address)
    quota.follow({ total: undefined, perClient: 2 }, () => ['a', 'a', 'b'])
    expect(quota.enter('a')).toBe('client')
    expect(quota.enter('b')).toBeUndefined()
    quota.leave('a')
    expect(quota.enter('a')).toBeUndefined()
  })

  test('counts nobody twice when only the number changes, and nobody when it is gone', () => {
    const quota = new Quota({ total: undefined, perClient: 1 })
    quota.enter('a')
    quota.follow({ total: undefined, perClient: 2 }, () => ['a'])
    expect(quota.enter('a')).toBeUndefined()
    expect(quota.enter('a')).toBe('client')
    quota.follow({ total: undefined, perClient: undefined }, () => ['a', 'a'])
    expect(quota.enter('a')).toBeUndefined()
    expect(quota.total).toBe(3)
  })
})

describe('the client an address stands for', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:FFFF:C000:0207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['2001:db8::9', '2001:db8::'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::'],
    ['2001:db8:1:2:3:4:192.0.2.7', '2001:db8:1:2::'],
    ['::1', '::'],
    ['', ''],
  ])('%s is %s', (address, key) => {
    expect(clientKey(address)).toBe(key)
  })
})
