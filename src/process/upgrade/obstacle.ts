/**
 * Whether the end of this process would be the end of the one that took over from it.
 */
export interface Whereabouts {
  readonly pid: number
  readonly parentPid: number
  /** Of process 1: `systemd`, `tini`. */
  readonly initName: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The first processes of containers that end with their only child. */
const containerInits = new Set(['tini', 'docker-init', 'dumb-init', 'catatonit'])

/** @returns why, and what to do instead, as a sentence. */
export function upgradeObstacle(whereabouts: Whereabouts): string | undefined {
  const { pid, parentPid, initName, env } = whereabouts
  // Who was started from outside the container's processes has no parent among them.
  const isFirst = pid === 1 || parentPid === 0
  if (isFirst || (parentPid === 1 && containerInits.has(initName)))
    return 'this container would end with this process: start a container of the new version, then stop this one'
  if (env['SYSTEMD_EXEC_PID'] === String(pid) && env['NOTIFY_SOCKET'] === undefined)
    return 'systemd would take the end of this process for the end of the service: give its unit Type=notify, or restart the service'
  return undefined
}
