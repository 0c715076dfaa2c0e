// What a simulated world is made of. Times of the network are assumptions, costs are measured figures.
import type { Reconnect } from '../reconnect.ts'

export interface Settings {
  readonly seed: number
  readonly sessions: number
  readonly machines: number
  readonly workers: number
  readonly costs: Costs
  readonly network: Network
  readonly bounds: Bounds
  readonly servers: Servers
  readonly balancer: Balancer
  readonly reconnect: Reconnect
  /** In a row, after which a client gives up; Infinity: it does not. */
  readonly attempts: number
}

/** CPU time of a gateway's process, which has a core to itself. */
export interface Costs {
  /** To accept; from there to the dial, the TLS handshake included; from the server's answer to the 101. */
  readonly acceptUs: number
  readonly readUs: number
  readonly answerUs: number
  readonly closeUs: number
  /** To refuse somebody. */
  readonly refuseUs: number
  /** To dial another server for a session that has lost its own. */
  readonly redialUs: number
  readonly sessionUsPerSecond: number
}

export interface Network {
  /** Of clients near and far; all between are as likely. */
  readonly leastRoundTripMs: number
  readonly mostRoundTripMs: number
  readonly serverRoundTripMs: number
  /** How long it takes to learn that a machine is not there; that nobody listens is told at once. */
  readonly unreachableMs: number
  /** Clients of a machine that is lost notice within this; 0: their connections are reset. */
  readonly noticeMs: number
}

export interface Bounds {
  /** Of a listening socket. */
  readonly backlog: number
  /** Clients of a process, by its descriptors. */
  readonly clients: number
  /** `limits.handshakes` of a process. */
  readonly handshakes: number
  /** Dials under way of a process to one endpoint. */
  readonly dials: number
  /** `timeout.handshake` of the gateway, and how long clients wait for an answer. */
  readonly handshakeMs: number
  readonly clientMs: number
}

export interface Servers {
  readonly count: number
  /** CPU time of a server for a handshake: it takes one after the other. */
  readonly handshakeUs: number
}

export interface Balancer {
  /** Any machine, or that with the fewest connections. */
  readonly choice: 'random' | 'least'
  /** How long it still sends clients to a machine that is gone. */
  readonly noticesMs: number
}
