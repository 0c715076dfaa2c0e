// The shape of `src/`: who may import whom, types included, and what keeps files findable.

import { expect, test } from 'bun:test'
import { dirname, join } from 'node:path'

const folder = join(import.meta.dir, '../src')
/** A folder imports from those in lines above its own. `.` is the files of `src/` itself. */
const layers = [
  'core',
  'wire net expression codec',
  'config listener client route auth limit upstream pipeline hub backplane telemetry',
  'proxy',
  'dialects',
  '.',
  'admin',
  'process',
  'cli',
].map((names) => names.split(' '))
const entryPoints = ['index.ts', 'cli/main.ts', 'link/index.ts']
const maxLines = 300
/** What bytes are read with: `wire` does no I/O, and runs on Node too. */
const forWire = ['node:buffer', 'node:crypto', 'node:zlib']

const files = [...new Bun.Glob('**/*.ts').scanSync(folder)].toSorted()
const texts = new Map(
  await Promise.all(files.map(async (file) => [file, await read(file)] as const)),
)

function read(file: string): Promise<string> {
  return Bun.file(join(folder, file)).text()
}

/** Packages as they are written, files from `src/`. */
function importsOf(file: string): string[] {
  const statement = /^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|\bimport\(?\s*'([^']+)'/gm
  return [...(texts.get(file) ?? '').matchAll(statement)].map(([, from, bare]) => {
    const name = from ?? bare ?? ''
    return name.startsWith('.') ? join(dirname(file), name) : name
  })
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '.'
}

function mayImport(file: string, imported: string): boolean {
  const [from, to] = [folderOf(file), folderOf(imported)]
  if (!texts.has(imported)) {
    if (from === 'core') return false
    return from !== 'wire' || forWire.includes(imported)
  }
  if (from === to) return true
  if (from === 'link') return to === 'wire'
  const layer = layers.findIndex((names) => names.includes(from))
  return layers.slice(0, Math.max(layer, 0)).flat().includes(to)
}

/** The files on a way from this one back to itself. */
function cycleFrom(start: string): string[] {
  const ways = [[start]]
  const seen = new Set<string>()
  for (const way of ways) {
    for (const next of importsOf(way.at(-1) ?? '')) {
      if (next === start) return way
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return []
}

test('files import from folders below their own, core from nothing else, wire without I/O', () => {
  const all = files.flatMap((file) => importsOf(file).map((imported) => ({ file, imported })))
  expect(all.length).toBeGreaterThan(100)
  expect(all.filter(({ file, imported }) => !mayImport(file, imported))).toEqual([])
})

test('no file imports itself by way of others', () => {
  expect(files.map(cycleFrom).filter((cycle) => cycle.length > 0)).toEqual([])
})

test('every file is imported by another or is an entry point', () => {
  const used = new Set([...entryPoints, ...files.flatMap(importsOf)])
  expect(files.filter((file) => !used.has(file))).toEqual([])
})

test(`no file has more than ${maxLines} lines`, () => {
  expect(files.filter((file) => (texts.get(file) ?? '').split('\n').length > maxLines + 1)).toEqual(
    [],
  )
})
