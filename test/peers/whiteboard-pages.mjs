// Two pages of the whiteboard in Chromium: node whiteboard-pages.mjs http://host:port/ Each draws, and
// must see what the other drew. Prints {ok, strokes, inked, people, roundTrips, rates, requests, sockets,
// problems}; of what has two, the first page's comes first.
import { withBrowser } from './chromium.mjs'
import { readArguments, runClient } from './peer.mjs'

const { executable, positionals, seconds } = readArguments({
  executable: '/usr/bin/chromium',
  seconds: '40',
})
await runClient(Number(seconds), () => withBrowser(executable, drawTogether))

async function drawTogether(browser) {
  const requests = new Set()
  const sockets = new Set()
  const problems = []
  const pages = []
  for (let i = 0; i < 2; i++) {
    const page = await (await browser.newContext()).newPage()
    page.on('request', (request) => requests.add(request.url()))
    page.on('websocket', (socket) => sockets.add(socket.url()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('requestfailed', (request) => problems.push(`${request.url()} failed`))
    await page.goto(positionals[0])
    await page.waitForSelector('#status[data-state=open]')
    pages.push(page)
  }
  const [first, second] = pages
  for (const page of pages) await until(page, () => globalThis.whiteboard.people.length === 2)

  await draw(first, 0.2)
  await until(second, () => globalThis.whiteboard.strokeCount > 0)
  const afterFirst = await strokeCount(second)
  await draw(second, 0.6)
  for (const page of pages) await until(page, () => globalThis.whiteboard.pendingCount === 0)
  const drawn = await strokeCount(second)
  await first.waitForFunction((count) => globalThis.whiteboard.strokeCount === count, drawn)

  const strokes = await Promise.all(pages.map(strokeCount))
  const inked = await Promise.all(pages.map(countInk))
  const people = await Promise.all(pages.map((page) => page.locator('#people-count').innerText()))
  // The measure is taken once a second, and counts what went through in that second.
  const roundTrips = await Promise.all(pages.map((page) => textLike(page, '#rtt', '^[\\d.]+ ms$')))
  const rates = await Promise.all(
    ['in', 'out'].map((way) => textLike(first, `#rate [data-direction=${way}]`, '^[1-9]\\d*$')),
  )
  return {
    ok: problems.length === 0 && drawn > afterFirst,
    strokes,
    inked,
    people,
    roundTrips,
    rates,
    requests: [...requests],
    sockets: [...sockets],
    problems,
  }
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

/** Of the two heights that were drawn at, those where the sheet is not blank. */
function countInk(page) {
  return page.evaluate(() => {
    const canvas = globalThis.document.querySelector('#board canvas')
    const bandHeight = Math.round(canvas.height * 0.1)
    return [0.2, 0.6].filter((height) => {
      const top = Math.round(canvas.height * height) - bandHeight / 2
      const { data } = canvas.getContext('2d').getImageData(0, top, canvas.width, bandHeight)
      return data.some((value, index) => index % 4 === 3 && value > 0)
    }).length
  })
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
