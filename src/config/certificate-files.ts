/**
 * The files of certificates, keys and authorities: whether they are there and fit together.
 * Invariant: each file is read once, and what is wrong with it is told at the key that names it.
 */
import { parseAddress } from '../core/ip-address.ts'
import { readCertificates, readKey } from '../net/certificates.ts'
import type { Issue, Path } from './issue.ts'
import { show, type Reading } from './reading.ts'
import { readTextFile, type Files } from './text-file.ts'

interface Fault {
  readonly problem: string
  readonly suggestion?: string | undefined
}

/** A file, and the key that names it. */
interface Named {
  readonly path: Path
  readonly file: string
}

interface Pair {
  readonly cert: Named
  readonly key: Named
  /** Server names it is given for, and where; empty: those in the certificate. */
  readonly names?: { readonly path: Path; readonly values: readonly string[] }
}

/** The files of one listener or upstream. */
export interface TlsFiles {
  readonly pairs: readonly Pair[]
  readonly authorities: readonly Named[]
}

export function certificateIssues(all: readonly TlsFiles[], files: Files): Issue[] {
  const read = fileReader(files)
  /** By place: what many upstreams have from `defaults` is told once. */
  const issues = new Map<string, Issue>()
  const tell = (path: Path, { problem, suggestion }: Fault, related?: Path) => {
    const issue = { path, message: problem, suggestion, ...(related && { related }) }
    issues.set(JSON.stringify(path), issue)
  }

  function readAt<T>({ path, file }: Named, take: (text: string) => Reading<T>): T | undefined {
    const text = read(file)
    const reading = text.problem === undefined ? take(text.value) : text
    if (reading.problem === undefined) return reading.value
    tell(path, reading)
    return undefined
  }

  for (const { pairs, authorities } of all) {
    for (const each of authorities) readAt(each, readCertificates)
    const claimed = new Map<string, Path>()
    for (const { cert, key, names } of pairs) {
      const certificate = readAt(cert, readCertificates)
      if (certificate === undefined) readAt(key, (text) => ({ value: text }))
      else readAt(key, (text) => readKey(certificate, text))
      const given = names !== undefined && names.values.length > 0 ? names : undefined
      const path = given?.path ?? cert.path
      for (const name of new Set(given?.values ?? certificate?.names.filter(isAskedFor))) {
        const related = claimed.get(name)
        if (related === undefined) claimed.set(name, cert.path.slice(0, -1))
        else tell(path, { problem: `the name ${show(name)} is already that of` }, related)
      }
    }
  }
  return [...issues.values()]
}

/** TLS carries no addresses: many certificates may be for one. */
function isAskedFor(name: string): boolean {
  return parseAddress(name) === undefined
}

function fileReader(files: Files): (file: string) => Reading<string> {
  const known = new Map<string, Reading<string>>()
  return (file) => {
    const reading = known.get(file) ?? readTextFile(file, files)
    known.set(file, reading)
    return reading
  }
}
