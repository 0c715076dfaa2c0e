/**
 * The options of `sluice connect`, from texts to what they mean; or what is wrong with them.
 */
import { readDuration } from '../config/units.ts'
import { CloseCode } from '../core/close-codes.ts'
import { isToken } from '../wire/http-head.ts'
import type { Header, HandshakeOptions } from './connect-handshake.ts'
import type { ConversationOptions } from './conversation.ts'
import type { Server } from './dial.ts'
import { farewellFault } from './farewell.ts'

/** As they are typed. */
export interface ConnectFlags {
  readonly subprotocol?: readonly string[]
  readonly header?: readonly string[]
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly insecure?: boolean
  readonly compress?: boolean
  readonly hex?: boolean
  readonly commands?: boolean
  readonly ping?: string
  readonly count?: string
  readonly wait?: string
  readonly close?: string
  readonly reason?: string
  readonly timeout?: string
  readonly verbose?: boolean
}

export interface ConnectOptions {
  readonly handshake: HandshakeOptions
  readonly conversation: ConversationOptions
}

/** A mistake in the command, told as a sentence. */
export class OptionError extends Error {}

const defaultTimeoutMs = 10_000
/** Timers of the runtime overflow at 24 days. */
const longestMs = 24 * 3_600_000

/** @throws OptionError */
export function readConnectOptions(flags: ConnectFlags, server: Server): ConnectOptions {
  const timeoutMs = readWait('--timeout', flags.timeout) ?? defaultTimeoutMs
  return {
    handshake: {
      trust: readTrust(flags, server),
      subprotocols: (flags.subprotocol ?? []).map(readSubprotocol),
      headers: (flags.header ?? []).map(readHeader),
      offersCompression: flags.compress === true,
      timeoutMs,
    },
    conversation: {
      isHex: flags.hex === true,
      hasCommands: flags.commands === true || process.stdin.isTTY === true,
      isVerbose: flags.verbose === true,
      pingIntervalMs: readWait('--ping', flags.ping),
      messageCount: readCount(flags.count),
      waitMs: readWaitForAnswers(flags),
      farewell: readFarewell(flags),
      timeoutMs,
    },
  }
}

function readTrust({ ca, cert, key, insecure = false }: ConnectFlags, { isTls }: Server) {
  if ((cert === undefined) !== (key === undefined))
    throw new OptionError('--cert and --key are given together')
  if (ca !== undefined && insecure)
    throw new OptionError(
      '--ca says who is believed, --insecure that everybody is: take one of them',
    )
  const given = insecure ? '--insecure' : ca !== undefined ? '--ca' : cert && '--cert'
  if (!isTls && given !== undefined)
    throw new OptionError(`${given} is for wss://, where there are certificates`)
  return { ca, cert, key, isVerified: !insecure }
}

function readSubprotocol(name: string): string {
  if (isToken(name)) return name
  throw new OptionError(`"${name}" is not a subprotocol: -s takes one name, and may be repeated`)
}

function readHeader(line: string): Header {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  const value = line.slice(colon + 1).trim()
  if (isToken(name) && !/[\r\n\0]/.test(value)) return { name, value }
  throw new OptionError(`"${line}" is not a header like "Name: value"`)
}

/** @returns undefined where it was not given. */
function readWait(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const read = readDuration(text)
  if (read.problem !== undefined) throw new OptionError(`${option}: ${read.problem}`)
  if (read.value !== undefined && read.value > 0 && read.value <= longestMs) return read.value
  throw new OptionError(`${option} is a duration from 1ms to 1d, not ${text}`)
}

/** Where nothing is said of time, messages that are counted are awaited however long. */
function readWaitForAnswers({ wait, count }: ConnectFlags): number {
  if (wait === undefined) return count === undefined ? 0 : Infinity
  return wait === 'off' ? Infinity : (readWait('--wait', wait) ?? 0)
}

function readCount(text: string | undefined): number {
  if (text === undefined) return Infinity
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new OptionError(`--count is a number of messages from 1 on, not ${text}`)
}

function readFarewell({ close, reason = '' }: ConnectFlags) {
  if (close !== undefined && !/^\d+$/.test(close))
    throw new OptionError(`--close is a code such as 1000 or 4001, not ${close}`)
  const farewell = { code: close === undefined ? CloseCode.normal : Number(close), reason }
  const fault = farewellFault(farewell)
  if (fault !== undefined) throw new OptionError(fault)
  return farewell
}
