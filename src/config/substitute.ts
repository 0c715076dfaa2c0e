/**
 * `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` inside a text of the configuration.
 * Invariant: what a reference stands for is never read again for references, so a variable or a
 * file cannot make the gateway open another one. `$${` stands for `${`.
 */
import { nearest } from './nearest.ts'
import { meant, show, type Reading } from './reading.ts'
import { readTextFile, type Files } from './text-file.ts'

export interface Sources extends Files {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** `$${`, or a reference up to its `}`, or (if that is missing) up to the end. */
const references = /\$\$\{|\$\{([A-Za-z]+):([^}]*)(\}?)/g

export function substitute(text: string, sources: Sources): Reading<string> {
  if (!text.includes('${')) return { value: text }
  let wrong: Reading<never> | undefined
  const replaced = text.replace(references, (whole, source?: string, rest = '', end = '') => {
    if (source === undefined) return '${'
    const reading = end === '' ? unclosed(whole) : resolve(source, rest, sources)
    if (reading.problem === undefined) return reading.value
    wrong ??= reading
    return ''
  })
  return wrong ?? { value: replaced }
}

function resolve(source: string, rest: string, sources: Sources): Reading<string> {
  if (source === 'env') return readVariable(rest, sources.env)
  if (source === 'file') return readSecret(rest, sources)
  const near = nearest(source, ['env', 'file'])
  return {
    problem: `unknown source ${show(source)} in ${show(`\${${source}:${rest}}`)}; the sources are env and file`,
    suggestion: near === undefined ? undefined : meant(`\${${near}:${rest}}`),
  }
}

/** As in a shell, `:-default` also stands in for a variable that is set to nothing. */
function readVariable(rest: string, env: Sources['env']): Reading<string> {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(rest)
  const name = match?.[1]
  if (name === undefined) {
    return { problem: `${show(`\${env:${rest}}`)} is not \${env:NAME} or \${env:NAME:-default}` }
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  const fallback = match?.[2]
  if (fallback !== undefined)
    return { value: value === undefined || value === '' ? fallback : value }
  if (value !== undefined) return { value }
  return {
    problem: `the environment variable ${name} is not set`,
    suggestion: `set it, or give a default: \${env:${name}:-default}`,
  }
}

/** The text of a file without the line break that editors and `echo` put at its end. */
function readSecret(file: string, files: Files): Reading<string> {
  if (file === '') return { problem: '${file:} names no file' }
  const text = readTextFile(file, files)
  return text.problem === undefined ? { value: text.value.replace(/\r?\n$/, '') } : text
}

function unclosed(whole: string): Reading<never> {
  return { problem: `${show(whole)} has no closing brace` }
}
