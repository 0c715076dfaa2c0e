// The kill button: POST /servers/2/kill. It ends a process, so nobody but the page itself may press it. Browsers
// say which page a POST comes from (Origin), and the page is known by names that only this machine's own
// browser uses: another site's name may point here, but stays in Host.
const ownNames = ['localhost', '127.0.0.1', '[::1]']

/** @param kill ends the process of that server; false: there is none at the moment. */
export function answerControl(request: Request, kill: (server: number) => boolean): Response {
  const server = /^\/servers\/([1-9])\/kill$/.exec(new URL(request.url).pathname)?.[1]
  if (server === undefined) return answer(404, 'Not found')
  if (request.method !== 'POST') return answer(405, 'POST only', { allow: 'POST' })
  if (!isOwnPage(request)) return answer(403, 'Only the page of this demo may kill its servers')
  if (!kill(Number(server))) return answer(409, `Server ${server} is down already`)
  return answer(202, `Server ${server} is being killed`)
}

function isOwnPage({ headers }: Request): boolean {
  const host = headers.get('host') ?? ''
  return ownNames.includes(host.replace(/:\d+$/, '')) && headers.get('origin') === `http://${host}`
}

function answer(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers })
}
