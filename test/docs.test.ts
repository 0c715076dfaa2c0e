/**
 * The documentation: what is printed from the code is up to date, every key is printed, and every
 * example loads and is one to an editor too.
 */
import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { printedDocs } from '../scripts/print-docs.ts'
import { jsonSchema, type JsonSchema } from '../src/config/json-schema.ts'
import { formatProblems } from '../src/config/report.ts'
import type { Registry } from '../src/core/registry.ts'
import { builtIn } from '../src/registry.ts'
import { loadConfig } from './support/load-config.ts'

const root = join(import.meta.dir, '..')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true }).map((file) => join('docs', String(file))),
].filter((page) => page.endsWith('.md'))
const read = (page: string) => readFileSync(join(root, page), 'utf8')

const examples = pages.flatMap((page) =>
  [...read(page).matchAll(/```yaml\n(.*?)```/gs)].map(
    (match, index) => [`${page} #${index + 1}`, completed(match[1] ?? '')] as const,
  ),
)

/** An example of a part, with the smallest rest around it. */
function completed(yaml: string): string {
  const listeners = /^listeners:/m.test(yaml) ? '' : 'listeners: [8080]\n'
  const routes = /^routes:/m.test(yaml) ? '' : 'routes: [{ upstream: ws://localhost:9000 }]\n'
  return yaml + listeners + routes
}

const env = {
  SLUICE_TOKEN: '0123456789abcdef0123456789abcdef',
  SLUICE_SECRET: 'fedcba9876543210fedcba9876543210',
}

/** Whatever certificate or list of endpoints an example names, and a token. */
function readExampleFile(path: string): string {
  if (path.endsWith('.txt')) return 'ws://10.0.0.1:9000 weight=2\n'
  if (!/\.(pem|key)$/.test(path)) return env.SLUICE_TOKEN
  const pair = /www|play/.exec(path)?.[0] ?? 'chat'
  const isKey = /\.key$|key\.pem$/.test(path)
  const file = path.endsWith('ca.pem') ? 'ca' : isKey ? `${pair}-key` : pair
  return read(`test/config/files/${file}.pem`)
}

/** What examples call by these names; that of the page on plugins is run by a test of its own. */
const plugin = {
  balancers: [
    {
      type: 'region',
      doc: 'An example.',
      options: { by: { kind: 'expression', doc: 'An example.' } },
      short: 'by',
      create: () => ({ update() {}, choose: () => undefined }),
    },
  ],
}

/** zod takes a `required` that stands alone for anything at all. */
function withoutRequiredAlone(schema: JsonSchema): JsonSchema {
  const { anyOf, properties, items, additionalProperties: others } = schema
  const inner = Object.entries(properties ?? {}).map(([key, each]) => [
    key,
    withoutRequiredAlone(each),
  ])
  return {
    ...schema,
    ...(properties && {
      anyOf: undefined,
      oneOf: undefined,
      properties: Object.fromEntries(inner),
    }),
    ...(anyOf && !properties && { anyOf: anyOf.map(withoutRequiredAlone) }),
    ...(items && { items: withoutRequiredAlone(items) }),
    ...(typeof others === 'object' && { additionalProperties: withoutRequiredAlone(others) }),
  } as JsonSchema
}

function editorFor(registry: Registry) {
  const schema = withoutRequiredAlone(jsonSchema(registry))
  return z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema)
}

const editor = editorFor(builtIn)

function loadExample(page: string, yaml: string) {
  const options = { file: page, env, readFile: readExampleFile, loadPlugin: () => plugin }
  return loadConfig(yaml, options)
}

describe('documentation', () => {
  test.each([...printedDocs()])('%s is what the code prints', (path, text) => {
    const written = readFileSync(path, 'utf8')
    // The formatter pads the columns of tables.
    const plain = (markdown: string) => markdown.replace(/ *\| */g, '|').replace(/-{2,}:?/g, '--')
    expect(plain(written)).toBe(plain(text))
  })

  test('has every key of a route in a table', () => {
    const all = [...printedDocs().values()].join('\n')
    const keys = Object.keys(jsonSchema(builtIn).properties?.['routes']?.items?.properties ?? {})
    expect(keys.length).toBeGreaterThan(15)
    expect(keys.filter((key) => !new RegExp(`^\\| \`${key}[.\`]`, 'm').test(all))).toEqual([])
  })

  test('has every key of an upstream in a table', () => {
    const all = [...printedDocs().values()].join('\n')
    const upstream = jsonSchema(builtIn).properties?.['upstreams']?.additionalProperties
    const forms = typeof upstream === 'object' ? (upstream.anyOf ?? []) : []
    const keys = forms.flatMap(({ properties = {} }) => Object.keys(properties))
    expect(keys.length).toBeGreaterThan(10)
    expect(keys.filter((key) => !new RegExp(`^\\| \`${key}[.\`]`, 'm').test(all))).toEqual([])
  })

  test.each(examples)('the example %s is a valid configuration', (page, yaml) => {
    const loaded = loadExample(page, yaml)
    expect(loaded.ok ? '' : formatProblems(loaded.problems, { colours: false })).toBe('')
  })

  test.each(examples)('the example %s is one for editors', (page, yaml) => {
    const loaded = yaml.includes('plugins:') && loadExample(page, yaml)
    const itsEditor = loaded && loaded.ok ? editorFor(loaded.registry) : editor
    expect(itsEditor.safeParse(parse(yaml)).error?.issues).toBeUndefined()
  })

  test('there are examples to load', () => {
    expect(examples.length).toBeGreaterThanOrEqual(35)
  })

  test('links to pages and headings that there are', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-')
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
        ([link, file = '', heading]) => {
          const target = file === '' ? page : join(dirname(page), file)
          if (!target.endsWith('.md')) return []
          if (!existsSync(join(root, target))) return `${page}: ${link}`
          const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map((each) =>
            slug(each[1] ?? ''),
          )
          return heading === undefined || headings.includes(heading) ? [] : `${page}: ${link}`
        },
      ),
    )
    expect(broken).toEqual([])
  })
})
