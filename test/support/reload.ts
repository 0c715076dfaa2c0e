/** A gateway in the test's own process that is given another configuration. */
import { readFileSync } from 'node:fs'
import { reloadLine } from '../../src/core/reload.ts'
import { formatProblems } from '../../src/config/report.ts'
import type { Config } from '../../src/config/config.ts'
import type { OpenGateway } from './gateway.ts'
import { loadConfig } from './load-config.ts'

export function readYaml(yaml: string): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile })
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems, { colours: false }))
  return loaded.config
}

/** @returns what it is said to come to, a line each. @throws what says why it cannot be. */
export function reload({ gateway }: OpenGateway, yaml: string): string[] {
  const prepared = gateway.prepareReload(readYaml(yaml))
  prepared.commit()
  return prepared.changes.map(reloadLine)
}
