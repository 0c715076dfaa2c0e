/**
 * Where the admin port of a gateway is, and what to show it: told by the configuration file that the
 * gateway runs with, or on the command line.
 */
import { statSync } from 'node:fs'
import type { AdminConfig } from '../config/config.ts'
import { formatPlace, type Place } from '../core/place.ts'
import { compileText, findAdminIn, formatLoaded, readText } from '../process/config/config-file.ts'
import { readConfig } from './read-config.ts'

export interface AdminOptions {
  /** `http://127.0.0.1:9090` or the path of a Unix socket. */
  readonly admin?: string
  readonly json?: boolean
}

export interface AdminPlace extends Place {
  readonly token: string | undefined
}

/** @returns undefined when there is none, which has been said. */
export function findAdmin(file: string, { admin: named }: AdminOptions): AdminPlace | undefined {
  // Set to nothing is not set.
  const token = process.env['SLUICE_TOKEN'] || undefined
  if (named !== undefined) return accept(readPlace(named), token)
  const config = readConfig(file)
  if (config === undefined) {
    console.error('  --admin URL asks a gateway without reading a file')
    return undefined
  }
  return accept(placeOf(config.admin, file), token ?? config.admin?.token)
}

/** Where to ask, and what is wrong with the file that says so. */
export interface FoundAdmin {
  readonly place: AdminPlace
  /** As it is to be printed; undefined where nothing is, or no file was read. */
  readonly problem: string | undefined
}

/**
 * As `findAdmin`, also in a file that is wrong elsewhere, or wants variables that are only set where the gateway
 * runs: it is the gateway that is to take the file, and to say what is wrong with it.
 */
export function findAdminAnyhow(file: string, options: AdminOptions): FoundAdmin | undefined {
  if (options.admin !== undefined) return withProblem(findAdmin(file, options))
  const text = readText(file)
  // Once: it may be a pipe.
  if (typeof text !== 'string') return sayUnread(text.problem)
  const loaded = compileText(text, file)
  const problem = loaded.ok ? undefined : formatLoaded(loaded, process.stderr.isTTY)
  const admin = loaded.ok ? loaded.config.admin : findAdminIn(text, file)
  if (problem !== undefined && admin === undefined) return sayUnread(problem)
  const token = process.env['SLUICE_TOKEN'] || admin?.token
  return withProblem(accept(placeOf(admin, file), token), problem)
}

function withProblem(place: AdminPlace | undefined, problem?: string): FoundAdmin | undefined {
  return place && { place, problem }
}

function sayUnread(problem: string): undefined {
  console.error(problem)
  console.error('  --admin URL asks a gateway without reading a file')
}

function accept(place: Place | string, token: string | undefined): AdminPlace | undefined {
  if (typeof place !== 'string') return { ...place, token }
  console.error(`✖ ${place}`)
  return undefined
}

/** @returns what is wrong, as a sentence. */
export function readPlace(named: string): Place | string {
  const path = named.replace(/^unix:/, '')
  if ((path !== named && path !== '') || isSocketPath(path))
    return { address: 'localhost', port: 0, unix: path }
  const url = URL.parse(named.includes('://') ? named : `http://${named}`)
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '' || url.username !== '')
    return `--admin wants http://127.0.0.1:9090 or the path of a Unix socket, not ${named}`
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { address, port: Number(url.port || 80), unix: undefined }
}

/** By its looks, so that a gateway that is not there is told as such; or because there is one. */
function isSocketPath(text: string): boolean {
  if (text.startsWith('/') || /^[^:]*(?:\.sock|\/.*[^/])$/.test(text)) return true
  return statSync(text, { throwIfNoEntry: false })?.isSocket() === true
}

/** @returns what is wrong, as a sentence. */
export function placeOf(admin: AdminConfig | undefined, file: string): Place | string {
  if (admin === undefined) {
    return `${file} has no admin port: add "admin: 9090" and send the gateway SIGHUP, or name one with --admin`
  }
  const { address, port, unix } = admin
  if (unix === undefined && port === 0)
    return `${file} lets admin.port be any: name the one in the gateway's log with --admin`
  // Every address of this machine: the nearest.
  const nearest: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  return { address: nearest[address] ?? address, port, unix }
}

/** The place as `--admin` takes it. */
export function formatAdmin(place: Place): string {
  return place.unix ?? `http://${formatPlace(place)}`
}
