// GraphQL over WebSocket (graphql-ws, subprotocol graphql-transport-ws) at /graphql:
// query { hello(name) } and subscription { countTo(last, everyMs) }.
import { createServer } from 'node:http'
import { buildSchema } from 'graphql'
import { handleProtocols } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { announce, readArguments } from './peer.mjs'

const { port } = readArguments({ port: '0' })
const schema = buildSchema(`
  type Query { hello(name: String!): String! }
  type Subscription { countTo(last: Int!, everyMs: Int = 10): Int! }
`)

async function* countTo({ last, everyMs }) {
  for (let count = 1; count <= last; count++) {
    yield { countTo: count }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

const server = createServer()
const roots = { query: { hello: ({ name }) => `hello ${name}` }, subscription: { countTo } }
useServer({ schema, roots }, new WebSocketServer({ server, path: '/graphql', handleProtocols }))

announce(server, port)
