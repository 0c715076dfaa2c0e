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

describe('the client an address stands for', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2'],
    ['::1', '0:0:0:0'],
    ['', ''],
  ])('%s is %s', (address, key) => {
    expect(clientKey(address)).toBe(key)
  })
})
