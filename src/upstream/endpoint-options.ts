/**
 * One address of an upstream, as the configuration, a discovery or an administrator gives it.
 */
export interface EndpointOptions {
  /** In its normal form; what the endpoint is called everywhere. */
  readonly url: string
  readonly scheme: 'ws' | 'http'
  readonly isTls: boolean
  /** A name or an IP address; for a Unix socket what its certificate is for. */
  readonly host: string
  readonly port: number
  /** The path of a Unix socket instead. */
  readonly unix: string | undefined
  /** Put in front of every path; empty or without trailing slash. */
  readonly path: string
  /** What `Host` may say. */
  readonly authority: string
  /** The name its certificate is for, where that is not the host. */
  readonly serverName: string | undefined
  /** 0 to 1000; with 0 it gets only what sticks to it. */
  readonly weight: number
  /** Used only while no other has room. */
  readonly isBackup: boolean
  /** How many sessions it may have; undefined: any number. */
  readonly sessions: number | undefined
}
