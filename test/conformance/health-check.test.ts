/** Every health check, by the one suite for all. */
import { httpCheck } from '../../src/upstream/health-checks/http-check.ts'
import { tcpCheck } from '../../src/upstream/health-checks/tcp-check.ts'
import { websocketCheck } from '../../src/upstream/health-checks/websocket-check.ts'
import { closeFrame, frame } from '../support/frames.ts'
import { page, switchTo } from '../support/recording-server.ts'
import { healthConformance } from './health-check.ts'

healthConformance({
  extension: httpCheck,
  options: { path: '/healthz' },
  answer: () => page('ok'),
  async serve(connection) {
    const { startLine } = await connection.message()
    connection.send(page('ok'))
    connection.end()
    return startLine
  },
})

healthConformance({
  extension: websocketCheck,
  options: { path: '/healthz' },
  answer: (head) => switchTo(head),
  async serve(connection) {
    const head = await connection.until(/\r\n\r\n/)
    connection.send(switchTo(head))
    const { payload } = await connection.frame()
    connection.send(frame({ opcode: 10, payload }))
    await connection.frame()
    connection.send(closeFrame(1000))
    connection.end()
    return head.split('\r\n', 1)[0]
  },
})

healthConformance({
  extension: tcpCheck,
  options: {},
  answer: { skip: 'nothing is asked: who accepts a connection is well' },
  serve: () => Promise.resolve(undefined),
})
