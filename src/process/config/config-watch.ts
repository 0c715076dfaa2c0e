/**
 * `--watch`: the file of the configuration, and those it refers to with `${file:…}`, are taken anew when they
 * change. One that is wrong is told when it has stayed so for another look; then it waits for the next change.
 */
import { readFileSync } from 'node:fs'
import { watchFiles } from '../../net/watched-files.ts'
import type { ConfigSource, LoadedConfig } from './config-source.ts'

export interface ConfigWatchOptions {
  readonly source: ConfigSource
  /** The files have changed, and there is a configuration in them. */
  readonly onChange: () => void
  readonly onProblem: (problem: string) => void
}

export class ConfigWatch {
  readonly #options: ConfigWatchOptions
  #loaded: LoadedConfig | undefined
  #texts: readonly string[] = []
  #end: (() => void) | undefined

  constructor(options: ConfigWatchOptions) {
    this.#options = options
  }

  /** From now on changes are looked for, from what was just loaded. */
  follow(loaded: LoadedConfig): void {
    this.#loaded = loaded
    this.#texts = this.#files.map((file, index) =>
      // What is read below may be newer than what was loaded, where its first file shall not be missed.
      index === 0 ? (loaded.written?.text ?? '') : readOrEmpty(file),
    )
    this.resume()
  }

  /** Looks at nothing for a while. What changes meanwhile is found by `resume`. */
  pause(): void {
    this.#end?.()
  }

  resume(): void {
    this.#end?.()
    const { source, onChange, onProblem } = this.#options
    this.#end = watchFiles(
      {
        files: this.#files,
        take() {
          const read = source.read()
          if ('problem' in read) return read.problem
          onChange()
          return undefined
        },
        onReject: onProblem,
      },
      this.#texts,
    )
  }

  get #files(): readonly string[] {
    const { file } = this.#options.source
    if (file === undefined || this.#loaded === undefined) return []
    const named = this.#loaded.config.written.files.filter((each) => each !== file)
    return [file, ...named]
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It was there a moment ago: whatever comes in its place is a change.
    return ''
  }
}
