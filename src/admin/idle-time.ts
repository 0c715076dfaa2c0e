/**
 * How long a connection of the admin port may be idle. The runtime takes one for idle while an answer is on its
 * way, too, and cuts it even where the answer says something now and then.
 */

/** Nobody has much to say here, so who says nothing goes soon. */
export const idleSeconds = 15

/**
 * Counts the time of connections between answers alone. After an answer that goes on it cannot be counted again,
 * so such a one is the last of its connection.
 */
export function idleBetween(
  answer: (request: Request) => Response | Promise<Response>,
): (request: Request, server: Pick<Bun.Server<undefined>, 'timeout'>) => Promise<Response> {
  return async (request, server) => {
    server.timeout(request, 0)
    const response = await answer(request)
    if (response.headers.get('connection') !== 'close') server.timeout(request, idleSeconds)
    return response
  }
}
