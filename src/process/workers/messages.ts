/**
 * What a supervisor and its workers say to each other. The supervisor asks, a worker answers: everything here is
 * plain data, as it passes from one process to the other.
 */
import type { Status } from '../../admin/status.ts'
import type { ReloadChange } from '../../core/reload.ts'
import type { InheritedSocket } from '../../net/inherited-sockets.ts'

/** A configuration as all workers are given it, whatever the file says by now. */
export interface Revision {
  /** No other one has it. */
  readonly number: number
  readonly file: string
  readonly text: string
  /** Of the listeners that take any free port, by name: the one that all of them share. */
  readonly ports: Readonly<Record<string, number>>
}

export interface WorkerStart extends Revision {
  /** From 1 on. */
  readonly worker: number
  /** What stickiness is signed with where the file says nothing. */
  readonly secret: string
  /** Listening sockets, open in the worker under these descriptors. */
  readonly sockets: readonly InheritedSocket[]
  /** What administrators have changed before it was started. */
  readonly changes: readonly AdminRequest[]
}

/** A request of the admin port, which has no body and whose sender has been let in. */
export interface AdminRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
}

export interface AdminReply {
  readonly status: number
  /** JSON, or the text of metrics. */
  readonly body: string
}

/** How a worker is. */
export interface Report {
  readonly status: Status
  /** In the text format of Prometheus. */
  readonly metrics: string
}

/** What is asked, and what is answered. */
export interface Questions {
  /** The first of all. Answered when it serves. */
  start: { readonly asked: WorkerStart; readonly answered: undefined }
  admin: { readonly asked: AdminRequest; readonly answered: AdminReply }
  report: { readonly asked: undefined; readonly answered: Report }
  foresee: { readonly asked: Revision; readonly answered: readonly ReloadChange[] }
  /** Followed by `commit` or `abandon`, with its number. In place of one that is prepared. */
  prepare: { readonly asked: Revision; readonly answered: readonly ReloadChange[] }
  /** Refused where it is not what is prepared. */
  commit: { readonly asked: number; readonly answered: undefined }
  /** Nothing, where it is not what is prepared. */
  abandon: { readonly asked: number; readonly answered: undefined }
  /** The process ends when it has left. */
  leave: { readonly asked: { readonly isTakenOver: boolean }; readonly answered: undefined }
  destroy: { readonly asked: undefined; readonly answered: undefined }
}

export type Kind = keyof Questions
export type Asked<K extends Kind> = Questions[K]['asked']
export type Answered<K extends Kind> = Questions[K]['answered']

/** From the supervisor. */
export interface Question<K extends Kind = Kind> {
  readonly id: number
  readonly kind: K
  readonly asked: Asked<K>
}

/** From a worker. */
export type Reply =
  | { readonly id: number; readonly answered: unknown }
  /** A sentence, or lines as they are to be printed. */
  | { readonly id: number; readonly problem: string }

/** What a worker does about each. @throws Error whose message is told. */
export type Answers = {
  readonly [K in Kind]: (asked: Asked<K>) => Answered<K> | Promise<Answered<K>>
}
