// What becomes of clients when servers fail, and when gateways are changed, behind Sluice and behind others: `npm run chaos`. README.md
// has the methods and how to read the results.
import { runProgram } from '../program.ts'
import { runFailover } from './failover/command.ts'
import { runHandshakes } from './handshakes-command.ts'
import { runReload } from './reload/command.ts'
import { runTakeovers } from './takeover/command.ts'

const tables: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  handshakes: runHandshakes,
  failover: runFailover,
  reload: runReload,
  takeover: runTakeovers,
}

function main(): Promise<number> {
  const [name = '', ...args] = process.argv.slice(2)
  const table = Object.hasOwn(tables, name) ? tables[name] : undefined
  if (table === undefined) {
    const names = Object.keys(tables).join(', ')
    throw new TypeError(`Which table? There are ${names}: npm run chaos -- handshakes --help`)
  }
  if (process.platform !== 'linux') throw new Error('The tables need Linux (/proc).')
  return table(args)
}

runProgram(async () => main())
