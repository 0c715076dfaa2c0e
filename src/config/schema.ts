/**
 * The whole configuration as a file may say it. What the gateway is told of it is in config.ts.
 */
import { z } from 'zod'
import { choice, duration, filledList, section } from './schema/keys.ts'
import { listenerSchema } from './schema/listener.ts'
import { routeSchema } from './schema/route.ts'
import { upstreamNameSchema, upstreamSchema } from './schema/upstream.ts'

const leave = section({
  delay: duration({
    doc: 'How long all goes on as before once the readiness check has turned, so that balancers notice.',
    fallback: '0s',
    min: '0ms',
    max: '10m',
  }),
  window: duration({
    doc: 'Over how long the closing of sessions is spread, so that clients do not return all at once.',
    fallback: '10s',
    min: '0ms',
    max: '1d',
  }),
})

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

export const configSchema = section(
  {
    listeners: filledList(listenerSchema, {
      error: 'must be a list such as [8080]',
      empty: 'needs at least one listener, such as [8080]',
    }).describe('The ports that accept clients.'),
    upstreams: z
      .record(upstreamNameSchema, upstreamSchema, {
        error: 'must be a mapping of names to endpoints',
      })
      .prefault({})
      .describe('Named sets of endpoints that do the same job.'),
    routes: filledList(routeSchema, {
      error: 'must be a list of mappings',
      empty: 'needs at least one route',
    }).describe('What requests are matched to; their order does not matter.'),
    leave: leave.prefault({}).describe('How the gateway leaves on SIGTERM.'),
    log: log.prefault({}).describe('What the gateway writes about itself.'),
  },
  'must be a mapping of keys such as listeners and routes',
)
