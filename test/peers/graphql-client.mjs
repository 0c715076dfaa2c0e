// A graphql-ws client: node graphql-client.mjs ws://host:port/graphql [--last=5]. One query and one
// subscription over one socket. Prints {ok, subprotocol, hello, counts}.
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { readArguments, runClient } from './peer.mjs'

const { last, positionals, seconds } = readArguments({ last: '5', seconds: '20' })

await runClient(Number(seconds), async () => {
  let subprotocol
  const client = createClient({
    url: positionals[0],
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {}, // the iterations below report it
    on: { connected: (socket) => (subprotocol = socket.protocol) },
  })
  const [counted, [greeting]] = await Promise.all([
    collect(client, `subscription { countTo(last: ${Number(last)}) }`),
    collect(client, '{ hello(name: "grüße") }'),
  ])
  const counts = counted.map((data) => data.countTo)
  const isOrdered = counts.length === Number(last) && counts.every((count, i) => count === i + 1)
  await client.dispose()
  return { ok: isOrdered && greeting.hello === 'hello grüße', subprotocol, ...greeting, counts }
})

async function collect(client, query) {
  const results = []
  for await (const { data, errors } of client.iterate({ query })) {
    if (errors) throw new Error(errors[0].message)
    results.push(data)
  }
  return results
}
