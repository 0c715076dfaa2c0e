/**
 * What is run where one process is enough: a gateway in this one.
 */
import { createResources } from '../admin/resources.ts'
import { createGateway } from '../gateway.ts'
import type { CreateInstance } from './instance.ts'

export const createSingle: CreateInstance = ({ loaded, estate, isShared, emit, metrics }) => {
  const gateway = createGateway(
    loaded.config,
    emit,
    estate && { secret: estate.secret, sockets: estate.sockets, isShared },
  )
  return {
    get state() {
      return gateway.state
    },
    get sessions() {
      return gateway.sessions
    },
    get ports() {
      return gateway.listeners.map(({ port }) => port)
    },
    async start() {
      gateway.start()
    },
    async prepare({ config }) {
      return gateway.prepareReload(config)
    },
    async foresee({ config }) {
      return gateway.foreseeReload(config)
    },
    estate: () => ({
      secret: gateway.secret,
      sockets: gateway.listeners.flatMap(({ inheritance }) => inheritance ?? []),
      shared: [],
    }),
    answers: (operations, access) => createResources({ gateway, metrics, operations }, access),
    leave: (options) => gateway.leave(options),
    destroy: () => gateway.destroy(),
  }
}
