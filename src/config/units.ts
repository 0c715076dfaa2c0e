/**
 * Durations (`250ms`, `5s`, `2m`, `1h`, `1d`, `off`), sizes (`512B`, `64KB`, `1MB`, `2GB`; 1024),
 * rates (`50/s`, `1MB/s`) and percentages (`20%`).
 * Invariant: a number never stands without its unit, since a reader cannot tell 10 seconds from 10
 * milliseconds. `0` alone is the one exception: it is the same in every unit.
 */
import { meant, show, type Reading } from './reading.ts'

interface Scale {
  readonly noun: string
  /** Unit → how many milliseconds or bytes it is, smallest first. */
  readonly units: ReadonlyMap<string, number>
  /** How somebody's `kb` or `5S` is spelt here. */
  readonly spell: (unit: string) => string
}

const durations: Scale = {
  noun: 'a duration',
  units: new Map([
    ['ms', 1],
    ['s', 1_000],
    ['m', 60_000],
    ['h', 3_600_000],
    ['d', 86_400_000],
  ]),
  spell: (unit) => unit.toLowerCase(),
}

const sizes: Scale = {
  noun: 'a size',
  units: new Map([
    ['B', 1],
    ['KB', 1024],
    ['MB', 1024 ** 2],
    ['GB', 1024 ** 3],
  ]),
  spell: (unit) => unit.toUpperCase().replace(/^([KMG])(I?B)?$/, '$1B'),
}

/** Milliseconds; undefined for `off`, which means that the wait never ends. */
export function readDuration(value: unknown): Reading<number | undefined> {
  if (value === 'off') return { value: undefined }
  if (value === false)
    return { problem: 'must be a duration or off, not false', suggestion: meant('off') }
  return readQuantity(value, durations)
}

/** Bytes. */
export function readSize(value: unknown): Reading<number> {
  return readQuantity(value, sizes)
}

/** The shortest text that `readDuration` reads as the same number of milliseconds. */
export function formatDuration(ms: number | undefined): string {
  return ms === undefined ? 'off' : formatQuantity(ms, durations)
}

/** The shortest text that `readSize` reads as the same number of bytes. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, sizes)
}

/** How many of something a second: `50/s`. */
export function readRate(value: unknown): Reading<number> {
  return readPerSecond(value, {
    example: '50/s',
    read: (amount) => (/^(0|[1-9]\d{0,14})$/.test(amount) ? Number(amount) : undefined),
    spell: (amount) => amount,
  })
}

/** The text that `readRate` reads as the same number a second. */
export function formatRate(perSecond: number): string {
  return `${perSecond}/s`
}

/** How many bytes a second: `1MB/s`. */
export function readByteRate(value: unknown): Reading<number> {
  return readPerSecond(value, {
    example: '1MB/s',
    read(amount) {
      const bytes = readQuantity(amount, sizes)
      return bytes.problem === undefined ? bytes.value : undefined
    },
    spell(amount) {
      const bytes = amountMeant(amount, sizes)
      return bytes === undefined ? amount : formatSize(bytes)
    },
  })
}

/** A share of a whole: `20%` is 0.2. @param min,max the shares that may be suggested. */
export function readPercent(value: unknown, { min = 0, max = Infinity } = {}): Reading<number> {
  if (value === 0 || value === '0') return { value: 0 }
  const text = typeof value === 'number' ? String(value) : value
  const usual = 0.2
  const example = formatPercent(usual >= min && usual <= max ? usual : min)
  const problem = `must be a percentage such as ${example}, not ${show(value)}`
  if (typeof text !== 'string') return { problem }
  const [, digits, sign] = /^((?:0|[1-9]\d{0,8})(?:\.\d{1,2})?)\s*(%?)$/.exec(text.trim()) ?? []
  if (digits === undefined) return { problem }
  if (text === `${digits}%`) return { value: Number(digits) / 100 }
  const amount = Number(digits)
  const shares = sign === '%' ? [amount / 100] : [amount / 100, amount]
  if (sign === '' && amount < 1) shares.reverse() // somebody's 0.2
  const share = shares.find((each) => each >= min && each <= max)
  return { problem, suggestion: share === undefined ? undefined : meant(formatPercent(share)) }
}

/** The shortest text that `readPercent` reads as the same share. */
export function formatPercent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`
}

interface Amounts {
  readonly example: string
  readonly read: (amount: string) => number | undefined
  /** How somebody's `1mb` is spelt here. */
  readonly spell: (amount: string) => string
}

function readPerSecond(value: unknown, { example, read, spell }: Amounts): Reading<number> {
  const problem = `must be a rate such as ${example}, not ${show(value)}`
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return { problem, isOtherKind: true }
  const [, written = '', per] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? []
  const rate = read(written)
  if (rate !== undefined && per === 's') return { value: rate }
  if (per !== undefined && !/^\s*s(ec(ond)?)?s?\s*$/i.test(per))
    return { problem: `${problem}; rates are given for a second` }
  const amount = spell(written.trim())
  return read(amount) === undefined ? { problem } : { problem, suggestion: meant(`${amount}/s`) }
}

function readQuantity(value: unknown, scale: Scale): Reading<number> {
  if (value === 0 || value === '0') return { value: 0 }
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') {
    return { problem: `must be ${scale.noun} such as ${example(scale)}, not ${show(value)}` }
  }
  const match = /^(0|[1-9]\d*)([A-Za-z]*)$/.exec(text)
  const [, digits = '', unit = ''] = match ?? []
  const factor = scale.units.get(unit)
  if (match === null || factor === undefined) return refuse(text, scale)
  const quantity = Number(digits) * factor
  if (!Number.isSafeInteger(quantity)) return { problem: `${text} is too large` }
  return { value: quantity }
}

function refuse(text: string, scale: Scale): Reading<number> {
  const units = [...scale.units.keys()]
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim())
  if (match === null) {
    const kind = `must be ${scale.noun}, one whole number and one unit such as ${example(scale)}`
    return { problem: `${kind}, not ${show(text)}` }
  }
  const [, number = '', unit = ''] = match
  if (unit === '') {
    const choices = units.map((name) => number + name)
    return {
      problem: `${scale.noun} needs a unit: ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
    }
  }
  if (!scale.units.has(scale.spell(unit))) {
    return { problem: `${show(text)} has an unknown unit; the units are ${units.join(', ')}` }
  }
  const quantity = amountMeant(text, scale)
  const suggestion = quantity === undefined ? undefined : meant(formatQuantity(quantity, scale))
  return { problem: `${show(text)} is not how ${scale.noun} is written`, suggestion }
}

/** What `1.5mb` or `5 S` was meant to be. */
function amountMeant(text: string, scale: Scale): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? []
  const factor = scale.units.get(unit) ?? scale.units.get(scale.spell(unit))
  const quantity = Math.round(Number(number) * (factor ?? Number.NaN))
  return Number.isSafeInteger(quantity) ? quantity : undefined
}

function formatQuantity(quantity: number, scale: Scale): string {
  let text = ''
  for (const [unit, factor] of scale.units) {
    if (text === '' || quantity % factor === 0) text = `${quantity / factor}${unit}`
    if (quantity === 0) break
  }
  return text
}

function example(scale: Scale): string {
  return scale === durations ? '250ms or 5s' : '64KB or 1MB'
}
