/**
 * Where a process has its configuration from, to be read again for a reload.
 */
import type { Config } from '../../config/config.ts'

export interface LoadedConfig {
  readonly config: Config
  /** undefined: made of the options of the command line. */
  readonly written: WrittenText | undefined
}

/** What a configuration was made of, so that another process can make the same. */
export interface WrittenText {
  readonly file: string
  readonly text: string
  /** What `${file:…}` stood for, by absolute paths. */
  readonly included: Readonly<Record<string, string>>
}

export interface ConfigProblem {
  /** What is wrong, as it is to be printed; several lines where the file is wrong. */
  readonly problem: string
}

export interface ConfigSource {
  /** Absolute; undefined where there is none to read again. */
  readonly file: string | undefined
  /** @param options what is read is for a terminal that has colours; else it has none. */
  read(options?: { readonly hasColours: boolean }): LoadedConfig | ConfigProblem
}
