// The command line of the benchmark.
import { parseArgs } from 'node:util'
import { groups, type Group } from './row.ts'

export interface Options {
  /** Only what it costs to choose an endpoint; needs no gateway. */
  isPicking: boolean
  /** Names, or parts of names, of the rows to run; empty: all. */
  only: string[]
  groups: Group[]
  /** Parts of the names of the scenarios to run; empty: all, and the memory of idle clients. */
  scenarios: string[]
  /** Another checkout of Sluice to measure beside this one. */
  against: string | undefined
  rounds: number
  /** Measured, after the warm-up, per gateway, scenario and round. */
  seconds: number
  warmSeconds: number
  idleClients: number
  /** How often memory is measured where compression is agreed on. */
  memoryPasses: number
  /** Where every sample goes as JSON. */
  jsonFile: string | undefined
}

const usage = `npm run bench -- [options]

  --only NAMES    rows whose name contains one of these, e.g. sluice,haproxy; control rows always
                  run, since every ratio is to one of them: nginx tuned, and node ws, deflate
  --scenarios NAMES  scenarios whose name contains one of these, e.g. handshakes, and no memory
  --plain         without TLS; this and --tls where no other is given
  --tls           with TLS
  --compression   with permessage-deflate between the clients and the gateway
  --failover      what transparent failover costs while no server fails
  --workers       what two workers cost, how they share sessions, and what happens when one is killed
  --picking       only what it costs to choose an endpoint, in a few seconds
  --against DIR   the Sluice of another checkout as a row, and how this one compares with it
  --rounds N      rounds of all gateways and scenarios (default 5, at most 50; 0: memory alone)
  --quick         one short round and 2,000 idle clients: to see that everything works
  --json FILE     write every sample to FILE
  --help`

/** Undefined: the usage was asked for, and printed. Throws a TypeError for what cannot be read. */
export function readOptions(argv: string[]): Options | undefined {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string', default: '' },
      scenarios: { type: 'string', default: '' },
      plain: { type: 'boolean', default: false },
      tls: { type: 'boolean', default: false },
      compression: { type: 'boolean', default: false },
      failover: { type: 'boolean', default: false },
      workers: { type: 'boolean', default: false },
      picking: { type: 'boolean', default: false },
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
  if (!Number.isInteger(rounds) || rounds < 0 || rounds > 50) {
    throw new TypeError('--rounds: expected a whole number from 0 to 50')
  }
  const wanted = groups.filter((group) => values[group])
  return {
    isPicking: values.picking,
    only: namesIn(values.only),
    scenarios: namesIn(values.scenarios),
    groups: wanted.length > 0 ? wanted : ['plain', 'tls'],
    against: values.against,
    rounds,
    seconds: values.quick ? 0.7 : 1.5,
    warmSeconds: values.quick ? 0.3 : 0.4,
    idleClients: values.quick ? 2000 : 8000,
    memoryPasses: values.quick ? 1 : 3,
    jsonFile: values.json,
  }
}

function namesIn(list: string): string[] {
  return list.split(',').filter((name) => name !== '')
}
