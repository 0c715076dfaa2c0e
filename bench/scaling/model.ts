// How many sessions a fleet of gateways holds, and what ends first: arithmetic on measured figures. More of
// anything that a plan asks for never raises a limit, and more of anything it has never lowers one.
import { messageUs, type Figures, type Kind } from './figures.ts'

/** What sessions do. */
export interface Use {
  /** What becomes of messages; TLS is added by `isTls`. */
  kind: Exclude<Kind, 'tls'>
  isTls: boolean
  /** Of each session, those of both directions together. */
  messagesPerSecond: number
  /** Of a message. */
  bytes: number
  /** 0: clients are not pinged. */
  heartbeatSeconds: number
}

/** What there is for them. */
export interface Fleet {
  machines: number
  /** Machines that may be gone while the others hold everybody. */
  lost: number
  /** Of each machine. */
  cores: number
  workers: number
  memoryBytes: number
  /** `LimitNOFILE` of each process. */
  descriptors: number
  /** Addresses with port of all upstream servers that share the sessions. */
  endpoints: number
  /** Addresses that a machine has to dial from. */
  sourceAddresses: number
  portsPerDestination: number
  /** What a session costs with several workers, by what it costs with one. */
  workerRatio: number
}

/** What is asked of it. */
export interface Aim {
  /** How busy the cores may be by day, and while clients return. */
  busyShare: number
  peakShare: number
  /** What is left of memory belongs to the system. */
  memoryShare: number
  /** Within which the clients of lost machines, or of a lone one that is restarted, are to be back. */
  returnSeconds: number
}

export interface Plan extends Use, Fleet, Aim {}

export const limitNames = [
  'descriptors',
  'ephemeral ports',
  'memory',
  'CPU for messages',
  'CPU for handshakes at a return',
] as const
export type LimitName = (typeof limitNames)[number]

export interface Limit {
  name: LimitName
  /** How many sessions it allows. */
  sessions: number
}

export interface Capacity {
  sessions: number
  /** What ends first. */
  binding: LimitName
  limits: Limit[]
}

// src/net/descriptors.ts keeps as many for listeners, files and standard streams.
const reservedDescriptors = 128
const usPerSecond = 1e6

/** While the machines that may be lost are. */
export function capacityOf(plan: Plan, figures: Figures): Capacity {
  const amounts = [
    descriptorLimit(plan, figures),
    portLimit(plan),
    memoryLimit(plan, figures),
    messageLimit(plan, figures),
    handshakeLimit(plan, figures),
  ]
  const limits = limitNames.map((name, index) => ({
    name,
    sessions: Math.max(0, Math.floor(amounts[index] ?? 0)),
  }))
  const [first, ...others] = limits
  if (first === undefined) throw new RangeError('there is no limit')
  const lowest = others.reduce((low, one) => (one.sessions < low.sessions ? one : low), first)
  return { sessions: lowest.sessions, binding: lowest.name, limits }
}

/** One of its machines, by itself. */
export function machineOf(plan: Plan): Plan {
  return { ...plan, machines: 1, lost: 0 }
}

/** One process with one core of it, and its share of the memory. */
export function processOf(plan: Plan): Plan {
  const memoryBytes = plan.memoryBytes / Math.max(1, plan.workers)
  return { ...machineOf(plan), cores: 1, workers: 1, memoryBytes }
}

/** CPU time that one session takes in a second. */
export function sessionUsPerSecond(
  plan: Use & Pick<Fleet, 'workers' | 'workerRatio'>,
  figures: Figures,
): number {
  const heartbeats = plan.heartbeatSeconds > 0 ? 1 / plan.heartbeatSeconds : 0
  const us =
    plan.messagesPerSecond * costOfMessage(plan, figures) +
    heartbeats * figures.heartbeatUs +
    figures.idleUsPerSecond
  return us * ratioOf(plan)
}

/** CPU time to open one. */
export function openUs(
  plan: Pick<Plan, 'isTls' | 'workers' | 'workerRatio'>,
  figures: Figures,
): number {
  return (plan.isTls ? figures.openUs.tls : figures.openUs.plain) * ratioOf(plan)
}

/** Of the process and of the kernel. */
export function sessionBytes({ kind, isTls }: Use, figures: Figures): number {
  const { tunnel, tls } = figures.sessionBytes
  const forTls = isTls ? Math.max(0, tls - tunnel) : 0
  return figures.sessionBytes[kind] + forTls + figures.kernelBytes
}

/** How busy the cores of a machine are with as many sessions; over 1: it cannot be done. */
export function busyShareOf(plan: Plan, sessions: number, figures: Figures): number {
  return (sessions * sessionUsPerSecond(plan, figures)) / (usableCores(plan) * usPerSecond)
}

function costOfMessage({ kind, isTls, bytes }: Use, figures: Figures): number {
  const plain = messageUs(figures, 'tunnel', bytes)
  const forTls = isTls ? Math.max(0, messageUs(figures, 'tls', bytes) - plain) : 0
  return messageUs(figures, kind, bytes) + forTls
}

function ratioOf({ workers, workerRatio }: Pick<Fleet, 'workers' | 'workerRatio'>): number {
  return workers > 1 ? workerRatio : 1
}

/** A process runs on one core at a time. */
function usableCores({ workers, cores }: Fleet): number {
  return Math.min(workers, cores)
}

function survivors({ machines, lost }: Fleet): number {
  return Math.max(0, machines - lost)
}

function descriptorLimit(plan: Plan, { descriptorsPerSession }: Figures): number {
  const perProcess = Math.floor((plan.descriptors - reservedDescriptors) / descriptorsPerSession)
  return survivors(plan) * plan.workers * perProcess
}

/** All workers of a machine dial from the same addresses, and a port is taken once for each destination. */
function portLimit(plan: Plan): number {
  const { endpoints, sourceAddresses, portsPerDestination } = plan
  return survivors(plan) * endpoints * sourceAddresses * portsPerDestination
}

function memoryLimit(plan: Plan, figures: Figures): number {
  const { memoryBytes, memoryShare, workers } = plan
  const left = memoryBytes * memoryShare - workers * figures.processBytes
  return (survivors(plan) * left) / sessionBytes(plan, figures)
}

function messageLimit(plan: Plan, figures: Figures): number {
  const us = survivors(plan) * usableCores(plan) * plan.busyShare * usPerSecond
  return us / sessionUsPerSecond(plan, figures)
}

/**
 * Those who are left do what all did, and open the sessions of the others anew. A machine that has nobody
 * beside it opens all of them itself when it is restarted.
 */
function handshakeLimit(plan: Plan, figures: Figures): number {
  const { machines, lost, peakShare, returnSeconds } = plan
  const us = survivors(plan) * usableCores(plan) * peakShare * usPerSecond
  const returning = machines === 1 ? 1 : lost / machines
  const opening = (returning * openUs(plan, figures)) / returnSeconds
  return us / (sessionUsPerSecond(plan, figures) + opening)
}

/**
 * `leave.window` of one machine so that no other is busier than `share` while its clients come to them. With a
 * successor on the same machine it is itself the busiest: it closes them all, and gets its part of them back.
 * @returns seconds; Infinity where that cannot be.
 */
export function windowSeconds(
  plan: Plan,
  { sessions, share, isTakenOver }: { sessions: number; share: number; isTakenOver: boolean },
  figures: Figures,
): number {
  const own = sessions / plan.machines
  const others = isTakenOver ? plan.machines : plan.machines - 1
  const opening = (own / others) * openUs(plan, figures)
  const work = isTakenOver ? opening + own * figures.closeUs : opening
  const busy = busyShareOf(plan, isTakenOver ? own : sessions / others, figures)
  const spareUs = (share - busy) * usableCores(plan) * usPerSecond
  return spareUs > 0 ? work / spareUs : Infinity
}
