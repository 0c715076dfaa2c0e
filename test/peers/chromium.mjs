// Chromium as Debian has it, for the peers that are pages.
import { chromium } from 'playwright-core'

const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync'

/** Runs `work` with a browser, and closes it. Each launch gets a new user data folder of its own. */
export async function withBrowser(executablePath, work) {
  const browser = await chromium.launch({ executablePath, args: args.split(' ') })
  try {
    return await work(browser)
  } finally {
    await browser.close()
  }
}
