/**
 * Files that are taken anew when they change, as certificates are. Looked at once a second instead of
 * watched: that sees a symlink swapped by Kubernetes, a renamed file, a bind mount and NFS alike.
 *
 * A change is taken as soon as it makes sense, and called wrong only when it has stayed as it is for
 * another look: a certificate and its key are seldom replaced in the same moment.
 */
import { readFile, stat } from 'node:fs/promises'
import { regularFault } from './regular-file.ts'

/** Soon enough for a certificate, and little work: one call a file. */
const lookEveryMs = 1_000

export interface FileWatch {
  readonly files: readonly string[]
  /** Takes the new texts, in the order of the files. @returns what is wrong with them; then nothing was taken. */
  take(texts: readonly string[]): string | undefined
  /** They are wrong, or cannot be read, and stay so. */
  onReject(detail: string): void
}

/** @param texts those taken at the start; empty: none, and the files are looked at at once. @returns what ends it. */
export function watchFiles(watch: FileWatch, texts: readonly string[]): () => void {
  let taken = texts
  /** What was taken must then be taken again: it is the sign that all is well. */
  let isRejected = false
  /** The state of the files that was taken, or told to be wrong; and the one seen last. */
  let settled = ''
  let seen = ''
  let isOver = false
  let timer: Timer | undefined
  if (texts.length > 0) timer = lookLater()
  else void look()

  async function look(): Promise<void> {
    const state = await stateOf(watch.files)
    if (state !== settled) {
      const fault = await takeNew()
      if (fault === undefined) settled = state
      else if (state === seen) {
        settled = state
        isRejected = true
        if (!isOver) watch.onReject(fault)
      }
    }
    seen = state
    if (!isOver) timer = lookLater()
  }

  async function takeNew(): Promise<string | undefined> {
    try {
      const read = await Promise.all(watch.files.map(readRegular))
      const isSame = read.every((text, index) => text === taken[index])
      if (isOver || (isSame && !isRejected)) return undefined
      const fault = watch.take(read)
      if (fault !== undefined) return fault
      taken = read
      isRejected = false
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  function lookLater(): Timer {
    const later = setTimeout(() => void look(), lookEveryMs)
    // A process that has nothing else to do may end.
    later.unref()
    return later
  }

  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/** @throws Error */
async function readRegular(file: string): Promise<string> {
  const fault = regularFault(await stat(file))
  if (fault !== undefined) throw new Error(`${file} ${fault}`)
  return readFile(file, 'utf8')
}

/** Changes when a file does, or what its path leads to, or whether it can be read. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = await Promise.allSettled(files.map((file) => stat(file)))
  return states
    .map((state) => {
      if (state.status === 'rejected') return String(state.reason)
      const { dev, ino, size, mtimeMs, ctimeMs } = state.value
      return [dev, ino, size, mtimeMs, ctimeMs].join()
    })
    .join(' ')
}
