/**
 * Where something listens: an address and a port, or the path of a Unix socket, which then counts alone.
 */
export interface Place {
  readonly address: string
  readonly port: number
  readonly unix: string | undefined
}

/** The place as it is told: with what counts alone. */
export interface ToldPlace {
  readonly address?: string
  readonly port?: number
  readonly unix?: string
}

export function tellPlace({ address, port, unix }: Place): ToldPlace {
  return unix === undefined ? { address, port } : { unix }
}

/** `[::]:8080` or `/run/sluice.sock`. */
export function formatPlace({ address = '', port = 0, unix }: Place | ToldPlace): string {
  return unix ?? (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`)
}
