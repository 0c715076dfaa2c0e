// Warnings of a certificate's end, over the days of a fake clock.

import { afterEach, expect, jest, test } from 'bun:test'
import type { CertificateEvent } from '../../src/core/events.ts'
import { ServerCertificates } from '../../src/listener/server-certificates.ts'
import { UpstreamTls } from '../../src/upstream/upstream-tls.ts'
import { makeCertificate } from '../support/certificates.ts'

const dayMs = 86_400_000
const { cert, key } = makeCertificate({ days: 30 })
const old = makeCertificate({ days: -1 })

type OnEvent = (event: CertificateEvent) => void

afterEach(() => void jest.useRealTimers())

const holders = [
  [
    'of a listener',
    (files: { cert: string; key: string }, onEvent: OnEvent) => {
      const options = { ...files, names: [], min: '1.2', client: undefined } as const
      const certificates = new ServerCertificates([options], onEvent)
      certificates.start()
      return certificates
    },
  ],
  [
    'shown to endpoints',
    (files: { cert: string; key: string }, onEvent: OnEvent) => {
      const options = { ...files, ca: undefined, serverName: undefined, isVerified: true }
      const tls = new UpstreamTls(options, onEvent)
      tls.start()
      return tls
    },
  ],
] as const

// A gateway that was started with a good certificate never told that it ended.
test.each(holders)('a certificate %s that ends soon is told each day', (_, hold) => {
  jest.useFakeTimers()
  const events: CertificateEvent[] = []
  const warnings = () => events.filter(({ type }) => type === 'certificate-expiring').length
  const holder = hold({ cert, key }, (event) => events.push(event))
  jest.advanceTimersByTime(26 * dayMs)
  expect([events.map(({ type }) => type), warnings()]).toEqual([['certificate-loaded'], 0])
  jest.advanceTimersByTime(2 * dayMs)
  expect(warnings()).toBe(2)
  expect(events.at(-1)).toMatchObject({ type: 'certificate-expiring', file: cert })
  jest.advanceTimersByTime(5 * dayMs)
  expect(warnings()).toBe(7)
  holder.stop()
  expect(jest.getTimerCount()).toBe(0)
})

test.each(holders)('a certificate %s that has ended is told when it is loaded', (_, hold) => {
  const events: CertificateEvent[] = []
  hold({ cert: old.cert, key: old.key }, (event) => events.push(event)).stop()
  expect(events.map(({ type }) => type)).toEqual(['certificate-loaded', 'certificate-expiring'])
})
