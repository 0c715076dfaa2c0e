/** What systemd is told, heard as systemd hears it. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connectSystemd } from '../../src/process/systemd.ts'
import { listenToNotices } from '../support/notify-socket.ts'
import { serveFile } from '../support/served-file.ts'
import { temporaryPath } from '../support/temporary.ts'

const yaml = 'listeners: ["127.0.0.1:0"]\nroutes: [{ respond: { body: hello } }]\n'
const isNotStatus = (text: string) => !text.startsWith('STATUS=')

/** Since the machine was started, which is no less than the clock says that systemd compares with. */
function uptimeMicroseconds(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000_000
}

describe('notices', () => {
  test.each([temporaryPath('notify'), `@sluice-test-${process.pid}`])('reach %s', async (path) => {
    await using socket = await listenToNotices(path)
    const systemd = connectSystemd(path, (problem) => expect(problem).toBeUndefined())
    systemd.ready()
    systemd.status('Serving 7 sessions')
    systemd.reloading()
    systemd.stopping()
    await socket.heard.find((text) => text === 'STOPPING=1')
    expect(socket.heard.items).toEqual([
      'READY=1',
      'STATUS=Serving 7 sessions',
      expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/),
      'STOPPING=1',
    ])
    const [, microseconds] = /USEC=(\d+)/.exec(socket.heard.items[2] ?? '') ?? []
    expect(Number(microseconds)).toBeLessThanOrEqual(uptimeMicroseconds() + 20_000)
    // A clock that begins with the process would be far behind.
    expect(Number(microseconds)).toBeGreaterThan(performance.now() * 1_000)
  })

  test('end with the one that names the process which is the service now', async () => {
    const path = temporaryPath('notify')
    await using socket = await listenToNotices(path)
    const systemd = connectSystemd(path, () => {})
    systemd.handOver(4711)
    expect(systemd.isThere).toBeFalse()
    systemd.stopping()
    connectSystemd(path, () => {}).status('the last one')
    await socket.heard.find((text) => text.includes('the last one'))
    expect(socket.heard.items).toEqual(['MAINPID=4711', 'STATUS=the last one'])
  })

  test.each([
    ['/run/there/is/no/such/socket', 'nothing takes what is sent there'],
    ['vsock:2:1234', 'neither a path nor begins with @'],
    [`/${'x'.repeat(200)}`, 'longer than 108 bytes'],
  ])('that cannot be sent, to %s, are told of once', (path, reason) => {
    const problems: string[] = []
    const systemd = connectSystemd(path, (problem) => problems.push(problem))
    systemd.ready()
    systemd.stopping()
    expect(problems).toEqual([expect.stringContaining(reason)])
    expect(systemd.isThere).toBeFalse()
  })

  test('are not sent where nobody asked for them', () => {
    const systemd = connectSystemd(undefined, (problem) => expect(problem).toBeUndefined())
    systemd.ready()
    systemd.reloading()
    expect(systemd.isThere).toBeFalse()
  })
})

describe('a service', () => {
  test('tells when it serves, reloads, is another process, and leaves', async () => {
    const path = temporaryPath('notify')
    await using socket = await listenToNotices(path)
    const next = async (act: () => unknown, wanted: string | RegExp) => {
      const past = socket.heard.items.length
      await act()
      let at = 0
      await socket.heard.find((text) => at++ >= past && text.search(wanted) === 0)
      return socket.heard.items.slice(past).filter(isNotStatus)
    }
    await using served = await serveFile(yaml, { env: { NOTIFY_SOCKET: path } })
    await socket.heard.find((text) => text === 'READY=1')
    expect(await next(() => process.kill(served.pid, 'SIGHUP'), 'READY=1')).toEqual([
      expect.stringContaining('RELOADING=1'),
      'READY=1',
    ])
    const heard = await next(() => served.upgrade(), 'READY=1')
    expect(heard).toEqual([`MAINPID=${served.pid}`, 'READY=1'])
    expect(await next(() => process.kill(served.pid, 'SIGTERM'), 'STOPPING=1')).toEqual([
      'STOPPING=1',
    ])
    expect(await served.command.exitCode).toBe(0)
  }, 15_000)

  test('that nobody hears serves all the same', async () => {
    await using served = await serveFile(yaml, { env: { NOTIFY_SOCKET: '/run/no/such/socket' } })
    expect(await served.command.line('notify-failed')).toMatchObject({ level: 'warn' })
    expect(await (await fetch(`http://127.0.0.1:${served.port}/`)).text()).toBe('hello')
  }, 10_000)
})

describe('an upgrade', () => {
  test('is refused where systemd would take the end of the process for that of the service', async () => {
    // The shell becomes the gateway, so it has the process number that systemd would name.
    const shell = ['/bin/sh', '-c', 'export SYSTEMD_EXEC_PID=$$; exec "$@"', 'sh']
    await using served = await serveFile(yaml, { by: shell, env: { NOTIFY_SOCKET: undefined } })
    const { problem } = await served.signal('SIGUSR2', 'upgrade-failed')
    expect(problem).toContain('Type=notify')
    expect(await (await fetch(`http://127.0.0.1:${served.port}/`)).text()).toBe('hello')
  }, 10_000)
})
