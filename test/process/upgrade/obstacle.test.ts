import { describe, expect, test } from 'bun:test'
import { upgradeObstacle } from '../../../src/process/upgrade/obstacle.ts'

const shell = { pid: 700, parentPid: 600, initName: 'systemd', env: {} }

describe('an upgrade is refused', () => {
  test.each([
    ['as process 1', { ...shell, pid: 1, parentPid: 0 }],
    ['as the first of a container that shares processes', { ...shell, parentPid: 0 }],
    ['as the child of tini', { ...shell, parentPid: 1, initName: 'tini' }],
  ])('%s', (_, whereabouts) => {
    expect(upgradeObstacle(whereabouts)).toContain('this container would end')
  })

  test('as a service of systemd that does not tell it which process it is', () => {
    const env = { SYSTEMD_EXEC_PID: '700' }
    expect(upgradeObstacle({ ...shell, parentPid: 1, env })).toContain('Type=notify')
  })
})

describe('an upgrade may be made', () => {
  test.each([
    ['under a shell', shell],
    ['in a container, where it is a child of something else', { ...shell, initName: 'tini' }],
    ['when its shell has gone', { ...shell, parentPid: 1 }],
    [
      'as a service that tells',
      { ...shell, env: { SYSTEMD_EXEC_PID: '700', NOTIFY_SOCKET: '/n' } },
    ],
    ['under a service of systemd', { ...shell, env: { SYSTEMD_EXEC_PID: '600' } }],
  ])('%s', (_, whereabouts) => {
    expect(upgradeObstacle(whereabouts)).toBeUndefined()
  })
})
