/**
 * What a pool goes by: its options, and what is made of them. All that can fail is made here, and begins nothing.
 *
 * Invariant: a pool has one, which changes in place: whoever is lent it reads it anew each time.
 */
import type { Balancer } from '../core/balancer.ts'
import { guardedBalancer } from './guarded-balancer.ts'
import type { MemberSettings } from './members.ts'
import type { PoolHost, PoolOptions } from './pool-options.ts'
import { UpstreamTls } from './upstream-tls.ts'

type MakingHost = Pick<PoolHost, 'emit' | 'random'>

/** What is made of options. */
export interface MadeSettings extends Pick<MemberSettings, 'check'> {
  readonly options: PoolOptions
  readonly tls: UpstreamTls
}

export interface PoolSettings extends MadeSettings {
  /** What tags are signed with. */
  readonly secret: string
}

/**
 * @throws Error with a sentence if a file that TLS needs cannot be read or is wrong, or whatever a plugin throws.
 */
export function makeSettings(options: PoolOptions, host: MakingHost): MadeSettings {
  return { options, tls: makeTls(options, host), check: makeCheck(options) }
}

/** The same where only these keys of the upstream differ: the rest stays as it is. */
export function remakeSettings(
  options: PoolOptions,
  host: MakingHost,
  keys: ReadonlySet<string>,
): Partial<MadeSettings> {
  return {
    options,
    ...(keys.has('tls') && { tls: makeTls(options, host) }),
    ...(keys.has('health') && { check: makeCheck(options) }),
  }
}

/** One that costs nobody an answer, whatever a plugin does. */
export function makeBalancer({ name, balancer }: PoolOptions, host: MakingHost): Balancer {
  const { emit, random } = host
  return guardedBalancer(balancer.create({ random }), {
    random,
    onMistake(cause) {
      const what = cause instanceof Error ? cause.message : Bun.inspect(cause)
      const error = new Error(`The balancer ${balancer.type} of ${name}: ${what}`, { cause })
      emit({ type: 'mistake', error })
    },
  })
}

function makeTls({ tls }: PoolOptions, { emit }: MakingHost): UpstreamTls {
  return new UpstreamTls(tls, (event) => emit(event))
}

function makeCheck({ health }: PoolOptions): MadeSettings['check'] {
  return health?.check.create(undefined)
}
