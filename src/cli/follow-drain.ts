/**
 * Follows an endpoint that drains until none of its sessions is left, or those that are cannot be moved.
 *
 * Invariant: it only looks. Whenever it stops, the gateway goes on.
 */
import type { UpstreamInfo } from '../proxy/upstream-info.ts'
import { leavingEndpointOf, progressText, type LeavingEndpoint } from './leaving-endpoint.ts'
import { formatNumber } from './table.ts'

/** What following needs of the world. */
export interface Following {
  /** @returns undefined when the gateway cannot be asked, which has been said. */
  look(): Promise<UpstreamInfo | undefined>
  /** @returns whether it is still to be followed. */
  pause(): Promise<boolean>
  show(progress: string): void
  /**
   * Looks in a row at which none of those that are left can be moved, until that is believed: sessions that
   * are about to end look the same.
   */
  readonly patience: number
}

export interface Followed {
  /** None is left. */
  readonly isDone: boolean
  /** How it has come out; undefined where that has been said. */
  readonly sentence: string | undefined
}

export async function followDrain(url: string, following: Following): Promise<Followed> {
  let moved = 0
  let stuckLooks = 0
  for (;;) {
    const upstream = await following.look()
    if (upstream === undefined) return { isDone: false, sentence: undefined }
    const endpoint = leavingEndpointOf(url, upstream)
    const { left, progress, isToldToDrain } = endpoint
    // Told no more once it is over.
    moved = progress?.moved ?? moved
    if (left === 0) return { isDone: true, sentence: `${url} has no sessions any more` }
    if (!isToldToDrain) return { isDone: false, sentence: `${url} was told to take sessions again` }
    const isStuck = progress !== undefined && progress.unmovable >= progress.left
    stuckLooks = isStuck ? stuckLooks + 1 : 0
    if (stuckLooks >= following.patience)
      return { isDone: false, sentence: `${stuckText(url, left)}; ${formatNumber(moved)} moved` }
    following.show(lineOf(endpoint, moved, upstream.name))
    if (!(await following.pause())) return { isDone: false, sentence: goingOn }
  }
}

const goingOn = 'followed no more; the gateway goes on, and sluice upstreams shows how far it is'

function stuckText(url: string, left: number): string {
  return left === 1
    ? `the session that ${url} has left cannot be moved and stays until it ends`
    : `the ${formatNumber(left)} sessions that ${url} has left cannot be moved and stay until they end`
}

function lineOf(
  { left, progress, hasOther }: LeavingEndpoint,
  moved: number,
  name: string,
): string {
  const text = progressText({ moved, left, unmovable: progress?.unmovable ?? 0 })
  return hasOther ? text : `${text}; no other endpoint of ${name} is healthy`
}
