// A world of measured costs: what cannot be measured in one process is assumed here, and said.
import type { Figures } from '../figures.ts'
import { openUs, sessionUsPerSecond, type Plan } from '../model.ts'
import { reconnectNamed } from '../reconnect.ts'
import type { Costs, Settings } from './settings.ts'

/** A tenth of what a session costs to open: the connection is accepted, and a few bytes are written. */
const refusalShare = 0.1
const reservedDescriptors = 128

/** @param plan is what a machine has and what sessions do. */
export function settingsOf(plan: Plan, sessions: number, figures: Figures): Settings {
  return {
    seed: 1,
    sessions,
    machines: plan.machines,
    workers: plan.workers,
    costs: costsOf(plan, figures),
    network: {
      leastRoundTripMs: 10,
      mostRoundTripMs: 150,
      serverRoundTripMs: 1,
      unreachableMs: 1000,
      noticeMs: 0,
    },
    bounds: {
      backlog: 512, // what Bun asks for; net.core.somaxconn has to allow it
      clients: Math.floor((plan.descriptors - reservedDescriptors) / figures.descriptorsPerSession),
      handshakes: Infinity,
      dials: 64, // src/upstream/dial-gate.ts
      handshakeMs: 10_000, // timeout.handshake
      clientMs: 20_000, // Socket.IO's; browsers are more patient
    },
    servers: { count: plan.endpoints, handshakeUs: 200 },
    balancer: { choice: 'random', noticesMs: 4000 },
    reconnect: reconnectNamed('exponential'),
    attempts: Infinity,
  }
}

/** TLS is done before the dial; the rest of opening lies half before and half after it. */
function costsOf(plan: Plan, figures: Figures): Costs {
  const open = openUs(plan, figures)
  const plain = openUs({ ...plan, isTls: false }, figures)
  return {
    acceptUs: refusalShare * plain,
    readUs: open - (refusalShare + 0.5) * plain,
    answerUs: plain / 2,
    closeUs: figures.closeUs,
    refuseUs: refusalShare * open,
    // More than it takes: nobody is accepted, but heads are written and read as for a new session.
    redialUs: plain,
    sessionUsPerSecond: sessionUsPerSecond(plan, figures),
  }
}
