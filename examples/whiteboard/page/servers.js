// The panel of servers: which are up, how many windows each has, which one serves this window, and a button that
// kills one. The rows stay what they are while their text changes, so that a button keeps its focus.

const inks = [5, 7, 2] // of server 1, 2, 3, in turn

/**
 * @typedef {{ number: number, isUp: boolean, windows: number }} Server
 * @param {HTMLElement} section
 */
export function createServerPanel(section) {
  const list = /** @type {HTMLElement} */ (section.querySelector('ul'))
  const note = /** @type {HTMLElement} */ (section.querySelector('p'))
  /** @type {Map<number, ReturnType<typeof createRow>>} */
  const rows = new Map()
  let canKill = false
  let own = 0

  /** @param {Server[]} servers */
  function show(servers) {
    for (const server of servers) {
      let row = rows.get(server.number)
      if (!row) rows.set(server.number, (row = createRow(server.number, canKill, say)))
      row.show(server, server.number === own)
    }
    list.replaceChildren(...inOrder(servers))
    section.hidden = servers.length < 2 // one alone is the whole story
  }

  /** @param {Server[]} servers @returns {HTMLElement[]} */
  function inOrder(servers) {
    return servers.flatMap(({ number }) => rows.get(number)?.item ?? [])
  }

  /** @param {string} text */
  function say(text) {
    note.textContent = text
    note.hidden = text === ''
  }

  return {
    show,
    say,
    /** @param {{ server: number, servers: Server[], canKill: boolean }} welcome */
    welcome(welcome) {
      own = welcome.server
      canKill = welcome.canKill
      show(welcome.servers)
    },
  }
}

/** @param {number} number */
export function inkOf(number) {
  return String(inks[(number - 1) % inks.length])
}

/** @param {number} number @param {boolean} canKill @param {(text: string) => void} say */
function createRow(number, canKill, say) {
  const item = document.createElement('li')
  const [name, state, button] = ['b', 'span', 'button'].map((tag) => document.createElement(tag))
  item.dataset.ink = inkOf(number)
  item.dataset.server = String(number)
  name.textContent = `server ${number}`
  button.textContent = 'Kill'
  button.setAttribute('aria-label', `Kill server ${number}`)
  button.hidden = !canKill
  button.onclick = () => kill(number).then(say, (error) => say(error.message))
  item.append(name, state, button)

  /** @param {Server} server @param {boolean} isOwn */
  function show({ isUp, windows }, isOwn) {
    item.dataset.up = String(isUp)
    item.ariaCurrent = String(isOwn && isUp)
    state.textContent = isUp ? `${windows} ${windows === 1 ? 'window' : 'windows'}` : 'down'
    button.ariaDisabled = String(!isUp) // it stays where the keyboard is
  }

  return { item, show }
}

/** @param {number} number @returns what to say of it */
async function kill(number) {
  const answer = await fetch(`servers/${number}/kill`, { method: 'POST' })
  return answer.ok ? '' : (await answer.text()).trim()
}
