// The first line of the gateway's own answers.

import { describe, expect, test } from 'bun:test'
import { STATUS_CODES } from 'node:http'
import { errorTable, type ErrorRow } from '../../src/core/errors.ts'
import { statusLine } from '../../src/wire/status-line.ts'

/** Where Node has the words of RFC 2616 or a joke, or what the registry no longer has. */
const otherwise: Readonly<Record<string, string>> = {
  413: 'Content Too Large',
  418: '',
  422: 'Unprocessable Content',
  509: '',
  510: '',
}

describe('a status line', () => {
  test('has the words of its status', () => {
    const final = Object.keys(STATUS_CODES).filter((status) => Number(status) >= 200)
    expect(final.length).toBeGreaterThan(50)
    for (const status of final)
      expect(statusLine(Number(status))).toBe(
        `HTTP/1.1 ${status} ${otherwise[status] ?? STATUS_CODES[status]}`,
      )
  })

  test('of a status without words ends behind the space (RFC 9112 §4)', () => {
    expect(statusLine(299)).toBe('HTTP/1.1 299 ')
  })

  test('has words for whatever the gateway refuses with', () => {
    const statuses = Object.values<ErrorRow>(errorTable).flatMap(({ status }) => status ?? [])
    expect(statuses.length).toBeGreaterThan(20)
    for (const status of statuses) expect(statusLine(status)).toMatch(/^HTTP\/1\.1 \d{3} [A-Z]/)
  })
})
