/**
 * The whole configuration as a file may say it, with the extensions that there are. What the gateway is told
 * of it is in config.ts.
 */
import { z } from 'zod'
import type { Registry } from '../core/registry.ts'
import { adminSchema } from './schema/admin.ts'
import { choice, duration, filePath, size } from './schema/keys.ts'
import { limitsSchema } from './schema/limits.ts'
import { listenerDefaultsSchema, listenerLimitsSchema, listenerSchema } from './schema/listener.ts'
import { routeDefaultsSchema, routeSchema } from './schema/route.ts'
import { filledList, section } from './schema/shapes.ts'
import { secretSchema } from './schema/secret.ts'
import { upstreamNameSchema, upstreamSchemasFor } from './schema/upstream.ts'
import { workersSchema } from './schema/workers.ts'

const leave = section({
  delay: duration({
    doc: 'How long all goes on as before once the readiness check has turned, so that balancers notice.',
    min: '0ms',
    max: '10m',
  }).prefault('0s'),
  window: duration({
    doc: 'Over how long the closing of sessions is spread, so that clients do not return all at once.',
    min: '0ms',
    max: '1d',
  }).prefault('10s'),
})

/** One sentence for each key. */
function told(shape: object, sentence: string): Record<string, string> {
  return Object.fromEntries(Object.keys(shape).map((key) => [key, sentence]))
}

const limits = section(
  {
    'compression-memory': size({
      doc: 'How much memory the windows of compression may take together; past it messages go uncompressed.',
      min: '1MB',
      max: '64GB',
    }).prefault('64MB'), // two to three hundred windows for messages to clients
  },
  {
    elsewhere: {
      ...told(
        limitsSchema.in.shape,
        'is a limit of routes: give it there, or in defaults.route.limits',
      ),
      ...told(
        listenerLimitsSchema.shape,
        'is a limit of listeners: give it there, or in defaults.listener.limits',
      ),
    },
  },
)

const log = section({
  level: choice({
    doc: 'The least severe events that are written.',
    words: ['debug', 'info', 'warn', 'error', 'off'],
  }).prefault('info'),
  format: choice({
    doc: 'How events are written; pretty on a terminal and json elsewhere by default.',
    words: ['json', 'pretty'],
  }).optional(),
})

/** Made once for each registry: making them takes milliseconds. */
const made = new WeakMap<Registry, Schemas>()

export type Schemas = ReturnType<typeof makeSchemas>

export function schemasFor(registry: Registry): Schemas {
  const schemas = made.get(registry) ?? makeSchemas(registry)
  made.set(registry, schemas)
  return schemas
}

function makeSchemas(registry: Registry) {
  const { upstream, defaults: upstreamDefaults } = upstreamSchemasFor(registry)
  const defaults = section({
    listener: listenerDefaultsSchema
      .prefault({})
      .describe('What every listener has unless it says otherwise.'),
    upstream: upstreamDefaults
      .prefault({})
      .describe('What every upstream has unless it says otherwise.'),
    route: routeDefaultsSchema
      .prefault({})
      .describe('What every route has unless it says otherwise.'),
  })
  const config = section(
    {
      listeners: filledList(listenerSchema, {
        error: 'must be a list such as [8080]',
        empty: 'needs at least one listener, such as [8080]',
      }).describe('The ports that accept clients.'),
      upstreams: z
        .record(upstreamNameSchema, upstream, {
          error: 'must be a mapping of names to endpoints',
        })
        .prefault({})
        .describe('Named sets of endpoints that do the same job.'),
      routes: filledList(routeSchema, {
        error: 'must be a list of mappings',
        empty: 'needs at least one route',
      }).describe('What requests are matched to; their order does not matter.'),
      defaults: defaults
        .prefault({})
        .describe('What listeners, upstreams and routes have unless they say otherwise.'),
      secret: secretSchema.optional(),
      plugins: z
        .array(filePath({ doc: 'A module whose default export has extensions.' }), {
          error: 'must be a list of files',
        })
        .prefault([])
        .describe('Modules with balancers and health checks of your own.'),
      limits: limits.prefault({}).describe('What all sessions together may hold.'),
      leave: leave.prefault({}).describe('How the gateway leaves on SIGTERM.'),
      workers: workersSchema.prefault(1),
      admin: adminSchema
        .optional()
        .describe('Where the gateway answers about itself; nowhere by default.'),
      log: log.prefault({}).describe('What the gateway writes about itself.'),
    },
    { error: 'must be a mapping of keys such as listeners and routes' },
  )
  return { config, upstream, upstreamDefaults }
}
