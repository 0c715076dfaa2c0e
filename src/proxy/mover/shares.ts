/**
 * Who has more sessions than its part, and who has less. Parts are by weight; whoever has no room for its own
 * leaves the rest of it to the others.
 */

export interface Share {
  readonly weight: number
  /** How many sessions it may have. */
  readonly most: number
  sessions: number
  /** How many of all the sessions it should have; not rounded. */
  part: number
}

/** How far somebody may be from its part. */
export interface Tolerance {
  readonly sessions: number
  /** Of the part, 0.02. */
  readonly relative: number
}

/** Parts are sums and quotients. */
const rounding = 1e-9

/** Gives each its part of the sessions that they have together. */
export function apportion(shares: readonly Share[]): void {
  let rest = sumOf(shares, ({ sessions }) => sessions)
  let open = shares.filter(({ weight }) => weight > 0)
  for (const share of shares) share.part = 0
  // Each round but the last fills somebody up.
  while (open.length > 0) {
    const perWeight = rest / sumOf(open, ({ weight }) => weight)
    for (const share of open) share.part = share.weight * perWeight
    const over = open.filter(({ part, most }) => part > most)
    if (over.length === 0 || over.length === open.length) return
    open = open.filter(({ part, most }) => part <= most)
    for (const share of over) {
      share.part = share.most
      rest -= share.most
    }
  }
}

export interface Transfer<Member> {
  readonly from: Member
  readonly to: Member
}

export interface TransferRules<Member> {
  readonly tolerance: Tolerance
  readonly mayGive: (member: Member) => boolean
  readonly mayTake: (member: Member) => boolean
}

/**
 * The one session to be moved next: from who has most too many to who has most too few, each by what it may be
 * off. One of the two is off by more than one session then, so that every transfer brings all nearer to
 * their parts, and there is a last one.
 * @returns undefined if nobody is too far from its part, or nobody can give or take.
 */
export function nextTransfer<Member extends Share>(
  shares: readonly Member[],
  { tolerance, mayGive, mayTake }: TransferRules<Member>,
): Transfer<Member> | undefined {
  let from: Member | undefined
  let to: Member | undefined
  let mostOver = 0
  let mostUnder = 0
  for (const share of shares) {
    const off = share.sessions - share.part
    const relative = off / Math.max(tolerance.sessions, tolerance.relative * share.part)
    if (relative > mostOver && mayGive(share)) {
      mostOver = relative
      from = share
    } else if (-relative > mostUnder && mayTake(share)) {
      mostUnder = -relative
      to = share
    }
  }
  if (from === undefined || to === undefined) return undefined
  return Math.max(mostOver, mostUnder) > 1 + rounding ? { from, to } : undefined
}

function sumOf(shares: readonly Share[], amountOf: (share: Share) => number): number {
  return shares.reduce((sum, share) => sum + amountOf(share), 0)
}
