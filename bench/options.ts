// The command line of the benchmark.
import { parseArgs } from 'node:util'

export interface Options {
  /** Names, or parts of names, of the rows to run; empty: all. */
  only: string[]
  /** Whether gateways are measured without TLS, and whether they are with it. */
  plain: boolean
  tls: boolean
  /** Another checkout of Sluice to measure beside this one. */
  against: string | undefined
  rounds: number
  /** Measured, after the warm-up, per gateway, scenario and round. */
  seconds: number
  warmSeconds: number
  idleClients: number
  /** Where every sample goes as JSON. */
  jsonFile: string | undefined
}

const usage = `npm run bench -- [options]

  --only NAMES    rows whose name contains one of these, e.g. sluice,haproxy; the control row
                  nginx tuned always runs, since every ratio is to it
  --plain         only without TLS
  --tls           only with TLS
  --against DIR   the Sluice of another checkout as a row, and how this one compares with it
  --rounds N      rounds of all gateways and scenarios (default 5, at most 9)
  --quick         one short round and 2,000 idle clients: to see that everything works
  --json FILE     write every sample to FILE
  --help`

/** Undefined: the usage was asked for, and printed. Throws a TypeError for what cannot be read. */
export function readOptions(argv: string[]): Options | undefined {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string', default: '' },
      plain: { type: 'boolean', default: false },
      tls: { type: 'boolean', default: false },
      against: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return undefined
  }
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 9) {
    throw new TypeError('--rounds: expected a whole number from 1 to 9')
  }
  if (values.plain && values.tls) {
    throw new TypeError('--plain and --tls: each leaves the other out; without them both are run')
  }
  return {
    only: values.only.split(',').filter((name) => name !== ''),
    plain: !values.tls,
    tls: !values.plain,
    against: values.against,
    rounds,
    seconds: values.quick ? 0.7 : 1.5,
    warmSeconds: values.quick ? 0.3 : 0.4,
    idleClients: values.quick ? 2000 : 8000,
    jsonFile: values.json,
  }
}
