export type DiscoverOptions = { readonly kind: 'dns' | 'srv' | 'file' }
export function startDiscovery(_options: DiscoverOptions, _host: { onEndpoints(found: readonly never[]): void; onFailure(detail: string): void; clock: unknown; random: unknown }): () => void { return () => {} }
