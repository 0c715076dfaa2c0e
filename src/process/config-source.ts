/**
 * Where a process has its configuration from, to be read again for a reload.
 */
import type { Config } from '../config/config.ts'

export interface LoadedConfig {
  readonly config: Config
  /** undefined: made of the options of the command line. */
  readonly written: { readonly file: string; readonly text: string } | undefined
}

export interface ConfigSource {
  /** Absolute; undefined where there is none to read again. */
  readonly file: string | undefined
  /** @returns what is wrong, as it is to be printed. */
  read(): LoadedConfig | { readonly problem: string }
}
