// Files that are wrong, each in its own way: what runs must stay as it is, and whoever asked must be told what
// is wrong, by its name and where it stands.
import { fileName } from '../gateways.ts'
import { textOf, writtenAt, type ReloadPlace, type Written } from './files.ts'

export interface BadPlace extends ReloadPlace {
  /** Somebody else listens there. */
  takenPort: number
}

export interface BadFile {
  kind: string
  text: string
  /** What must be named to whoever asked. */
  named: readonly string[]
}

/** Whether somebody who is told this finds what is wrong: its name, and its line or, of a port, the port. */
export function isExplained({ named }: BadFile, words: string): boolean {
  const isPlaced = new RegExp(`${fileName}:\\d+`).test(words) || named.some(isPort)
  return isPlaced && named.every((name) => words.includes(name))
}

function isPort(name: string): boolean {
  return /^\d+$/.test(name)
}

interface Kind {
  kind: string
  make: (written: Written, number: number, place: BadPlace) => Pick<BadFile, 'named'> & Made
}

/** Text where it is no longer what a file can be made of. */
type Made = { written: Written } | { text: string }

const kinds: readonly Kind[] = [
  {
    kind: 'a bracket without its end',
    make: (written, number) => wrongText(`${textOf(written)}secret: [${number}\n`),
  },
  {
    kind: 'a key twice',
    make: (written, number) =>
      wrongText(`${textOf(written)}log: { level: warn } # ${number}\n`, 'log'),
  },
  {
    kind: 'a tab',
    make: (written, number) => wrongText(`${textOf(written)}leave:\n\twindow: ${number}s\n`),
  },
  {
    kind: 'an unknown key',
    make: (written, number) =>
      wrong({ ...written, [`limit-${number}`]: { sessions: number } }, `limit-${number}`),
  },
  {
    kind: 'a misspelt key of an upstream',
    make: (written) =>
      wrong(withUpstream(written, 'broken', { endpoints: [], helth: { interval: '1s' } }), 'helth'),
  },
  {
    kind: 'a duration that is none',
    make: (written, number) => {
      const health = { tcp: true, interval: `soon-${number}` }
      return wrong(
        withUpstream(written, 'broken', { endpoints: ['ws://127.0.0.1:9'], health }),
        'interval',
      )
    },
  },
  {
    kind: 'an upstream that is not there',
    make: (written, number) =>
      wrong(withRoute(written, { path: '/lost', upstream: `chta-${number}` }), `chta-${number}`),
  },
  {
    kind: 'two routes for the same requests',
    make: (written, number) =>
      wrong(
        withRoute(written, { name: `again-${number}`, path: '/chat', upstream: 'spare' }),
        `again-${number}`,
      ),
  },
  {
    kind: 'a certificate that is not there',
    make: (written, number, place) => {
      const cert = `missing-${number}.pem`
      const tls = { cert, key: cert }
      return wrong(withListener(written, place.extraPort, { tls }), cert)
    },
  },
  {
    kind: 'a port of somebody else',
    make: (written, _, place) =>
      wrong(withListener(written, place.takenPort, {}), String(place.takenPort)),
  },
  {
    kind: 'a variable that is not set',
    make: (written, number) =>
      wrong({ ...written, secret: `\${env:SLUICE_BENCH_${number}}` }, `SLUICE_BENCH_${number}`),
  },
  {
    kind: 'a mapping where a list belongs',
    make: (written, number) => wrong({ ...written, routes: { number } }, 'routes'),
  },
]

/** @param number from 0 on. @param round whose file it was before it was spoilt. */
export function badFileAt(number: number, round: number, place: BadPlace): BadFile {
  const { kind, make } = kinds[number % kinds.length] ?? kindless
  const { named, ...made } = make(writtenAt(round, place), number, place)
  return { kind, named, text: 'text' in made ? made.text : textOf(made.written) }
}

const kindless: Kind = { kind: 'nothing at all', make: () => wrongText('', 'listeners') }

function wrongText(text: string, ...named: string[]) {
  return { text, named }
}

/** Written as a file would have it, whatever a right one may say. */
function wrong(written: object, ...named: string[]) {
  return { written: written as Written, named }
}

function withUpstream(written: Written, name: string, upstream: object): object {
  return { ...written, upstreams: { ...written.upstreams, [name]: upstream } }
}

function withRoute(written: Written, route: object): object {
  return { ...written, routes: [...written.routes, route] }
}

function withListener(written: Written, port: number, more: object): object {
  const listener = { name: 'wrong', address: '127.0.0.1', port, ...more }
  return { ...written, listeners: [...written.listeners, listener] }
}
