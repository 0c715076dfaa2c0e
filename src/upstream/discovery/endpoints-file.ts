/**
 * `discover: { file: path }`: the endpoints that a file lists, looked at once a second.
 *
 * One that is wrong, missing or empty changes nothing: a file that is being written is empty for a moment.
 */
import { watchFiles } from '../../net/watched-files.ts'
import { sortedEndpoints } from './discovered-endpoint.ts'
import type { EndpointOptions } from '../endpoint-options.ts'
import type { Discovery } from './source.ts'

export interface EndpointsFileOptions {
  /** Absolute. */
  readonly file: string
  /** @returns the endpoints in the text of the file, or what is wrong with it. */
  read(text: string): readonly EndpointOptions[] | string
}

/** A failure is told for each change of the file that is wrong: whoever mends it wants to know what is left. */
export function discoverByFile(options: EndpointsFileOptions): Discovery {
  const { file } = options
  return {
    source: 'endpoints-file',
    start: (listener) =>
      watchFiles(
        {
          files: [file],
          take([text = '']) {
            const found = options.read(text)
            if (typeof found === 'string') return found
            if (found.length === 0) return `${file} lists no endpoint`
            listener.onEndpoints(sortedEndpoints(found))
            return undefined
          },
          onReject: (detail) => listener.onFailure(detail),
        },
        [],
      ),
  }
}
