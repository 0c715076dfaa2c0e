/**
 * Certificates renewed again and again under load: whoever is connected notices nothing, whoever comes
 * is met with the newest, and nobody is turned away in between.
 */
import { expect, test } from 'bun:test'
import { renameSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import { makeCertificate, type Certificate } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { readHead, startRawServer, upgradeHead } from '../support/raw.ts'
import { temporaryPath } from '../support/temporary.ts'
import { encodeFrame, Opcode } from '../support/websocket.ts'

/** How often; shorter to try something out. Each is noticed within a second. */
const renewals = Number(process.env.RENEWALS ?? 25)
const sessions = 100

/** As certbot and Kubernetes do it: a whole file at once. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

function place({ certPem, keyPem }: Certificate, cert: string, key: string): void {
  put(key, keyPem)
  put(cert, certPem)
}

/** Opens a WebSocket over TLS. @returns the socket and the number in the name of the certificate. */
function open(port: number): Promise<{ socket: Socket; met: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before it was answered')))
    socket.once('secureConnect', () => {
      const met = Number(String(socket.getPeerCertificate().subject['CN']).replace('number ', ''))
      socket.write(upgradeHead('/'))
      readHead(socket, (head) => {
        if (head.startsWith('HTTP/1.1 101 ')) resolve({ socket, met })
        else reject(new Error(head))
      })
    })
  })
}

test(
  `${renewals} renewals under ${sessions} sessions close none and refuse nobody`,
  async () => {
    await using upstream = await startRawServer((socket) => {
      socket.on('data', () => socket.write(encodeFrame(Opcode.text, 'echo', { isMasked: false })))
      socket.on('end', () => socket.end())
      socket.resume()
    })
    const [cert, key] = [temporaryPath('cert.pem'), temporaryPath('key.pem')]
    place(makeCertificate({ subject: '/CN=number 0' }), cert, key)
    await using gateway = startGateway(
      `
listeners: [{ address: 127.0.0.1, port: 0, tls: { cert: ${cert}, key: ${key} } }]
routes: [{ upstream: "ws://127.0.0.1:${upstream.port}" }]
`,
    )
    const there = await Promise.all(Array.from({ length: sessions }, () => open(gateway.port)))
    let echoes = 0
    let closed = 0
    for (const { socket } of there) {
      socket.on('close', () => closed++)
      socket.on('data', () => {
        echoes++
        setTimeout(() => socket.write(encodeFrame(Opcode.text, 'hello', { isMasked: true })), 20)
      })
      socket.resume()
      socket.write(encodeFrame(Opcode.text, 'hello', { isMasked: true }))
    }

    let visits = 0
    for (let number = 1; number <= renewals; number++) {
      place(makeCertificate({ subject: `/CN=number ${number}` }), cert, key)
      // Clients come all the time, until one is met with the new certificate.
      for (let met = -1; met < number; visits++) {
        const visitor = await open(gateway.port)
        met = visitor.met
        expect(met).toBeGreaterThanOrEqual(number - 1)
        visitor.socket.destroy()
      }
    }
    const before = echoes
    while (echoes < before + sessions) await Bun.sleep(10)
    console.info(`      ${echoes} echoes over old certificates; ${visits} visitors came`)
    expect(closed).toBe(0)
    expect(gateway.events.filter(({ type }) => type === 'certificate-rejected')).toEqual([])
    for (const { socket } of there) socket.destroy()
  },
  (renewals * 3 + 10) * 1_000,
)
