// Two pages of the whiteboard in Chromium: node whiteboard-pages.mjs http://host:port/ Each draws, and must see
// what the other drew. Then the first one kills the server of the second, which is drawing; then its own; and
// they draw on. Prints {ok, strokes, segments, inked, people, roundTrips, rates, kills, chats, requests, sockets, problems};
// of what has two, the first page's comes first.
import { withBrowser } from './chromium.mjs'
import { readArguments, runClient } from './peer.mjs'

const { executable, positionals, seconds } = readArguments({
  executable: '/usr/bin/chromium',
  seconds: '50',
})
const heights = [0.2, 0.4, 0.6, 0.8] // of the lines that are drawn
await runClient(Number(seconds), () => withBrowser(executable, drawTogether))

async function drawTogether(browser) {
  const seen = { requests: new Set(), sockets: { opened: [], closed: 0 }, problems: [] }
  const pages = [await openPage(browser, seen), await openPage(browser, seen)]
  const [first, second] = pages
  for (const page of pages) await until(page, () => globalThis.whiteboard.people.length === 2)

  await draw(first, heights[0])
  await until(second, () => globalThis.whiteboard.strokeCount > 0)
  const afterFirst = await strokeCount(second)
  await draw(second, heights[1])
  await settled(pages)
  const drawn = await strokeCount(second)

  // The measure is taken once a second, and counts what went through in that second.
  const roundTrips = await Promise.all(pages.map((page) => textLike(page, '#rtt', '^[\\d.]+ ms$')))
  const rates = await Promise.all(
    ['in', 'out'].map((way) => textLike(first, `#rate [data-direction=${way}]`, '^[1-9]\\d*$')),
  )
  const kills = [
    await kill(first, second, () =>
      Promise.all([draw(second, heights[2]), say(second, 'still here')]),
    ),
    await kill(first, first, () => Promise.all([draw(second, heights[3]), say(first, 'me too')])),
  ]
  await settled(pages)

  return {
    ok: seen.problems.length === 0 && drawn > afterFirst,
    strokes: await Promise.all(pages.map(strokeCount)),
    segments: await Promise.all(
      pages.map((page) => page.evaluate(() => globalThis.whiteboard.segmentCount)),
    ),
    inked: await Promise.all(pages.map(countInk)),
    people: await Promise.all(pages.map((page) => page.locator('#people-count').innerText())),
    roundTrips,
    rates,
    kills,
    chats: await Promise.all(pages.map((page) => page.locator('#chat-log p').allInnerTexts())),
    ...seen,
    requests: [...seen.requests],
  }
}

async function openPage(browser, { requests, sockets, problems }) {
  const page = await (await browser.newContext()).newPage()
  page.on('request', (request) => requests.add(request.url()))
  page.on('websocket', (socket) => {
    sockets.opened.push(socket.url())
    socket.on('close', () => sockets.closed++)
  })
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('requestfailed', (request) => problems.push(`${request.url()} failed`))
  await page.goto(positionals[0])
  await page.waitForSelector('#status[data-state=open]')
  return page
}

/** Presses the button for the server of `victim` on `page`, in the middle of `work`, and waits until it has another. */
async function kill(page, victim, work) {
  const from = await victim.evaluate(() => globalThis.whiteboard.server)
  const row = `#servers li[data-server="${from}"]`
  await Promise.all([page.click(`${row}[data-up=true] button`), work()])
  await victim.waitForFunction((old) => globalThis.whiteboard.server !== old, from)
  const to = await victim.evaluate(() => globalThis.whiteboard.server)
  const shown = await victim.locator('#server').innerText()
  const note = await victim.locator('#servers > p').innerText()
  await page.waitForSelector(`${row}[data-up=true]`) // it is started again
  return { from, to, shown, note }
}

/** A line across the sheet, at this share of its height. */
async function draw(page, height) {
  const box = await page.locator('#board canvas').boundingBox()
  const y = box.y + box.height * height
  await page.mouse.move(box.x + box.width * 0.2, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.8, y + 10, { steps: 12 })
  await page.mouse.up()
}

/** Without mouse and keyboard, which may press a button of this page at the same time. */
async function say(page, text) {
  await page.fill('#chat-form input', text)
  await page.locator('#chat-form').evaluate((form) => form.requestSubmit())
}

/** Everything was confirmed, and both have the same. */
async function settled(pages) {
  for (const page of pages) await until(page, () => globalThis.whiteboard.pendingCount === 0)
  const segments = await pages[1].evaluate(() => globalThis.whiteboard.segmentCount)
  await pages[0].waitForFunction((count) => globalThis.whiteboard.segmentCount === count, segments)
}

/** Of the heights that were drawn at, how many are not blank. */
function countInk(page) {
  return page.evaluate((shares) => {
    const canvas = globalThis.document.querySelector('#board canvas')
    const bandHeight = Math.round(canvas.height * 0.1)
    return shares.filter((height) => {
      const top = Math.round(canvas.height * height) - bandHeight / 2
      const { data } = canvas.getContext('2d').getImageData(0, top, canvas.width, bandHeight)
      return data.some((value, index) => index % 4 === 3 && value > 0)
    }).length
  }, heights)
}

function strokeCount(page) {
  return page.evaluate(() => globalThis.whiteboard.strokeCount)
}

function until(page, condition) {
  return page.waitForFunction(condition)
}

async function textLike(page, selector, pattern) {
  const handle = await page.waitForFunction(
    ([where, like]) => {
      const text = globalThis.document.querySelector(where).textContent
      return new RegExp(like).test(text) && text
    },
    [selector, pattern],
  )
  return handle.jsonValue()
}
