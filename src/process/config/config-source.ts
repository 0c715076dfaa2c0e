/**
 * Where a process has its configuration from, to be read again for a reload.
 */
import type { Config } from '../../config/config.ts'

export interface LoadedConfig {
  readonly config: Config
  /** undefined: made of the options of the command line. */
  readonly written: { readonly file: string; readonly text: string } | undefined
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
