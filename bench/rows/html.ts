/** A large session as an HTML file: the memory of making it, and how soon a browser shows something of it. */

import { stat } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { startBrowser, type TestBrowser } from '../../test/support/browser.ts'
import { teleported } from '../../test/support/in-process.ts'
import { type Lab, session, tell, withLab } from '../lab.ts'
import { peakOf } from '../memory.ts'
import { type BenchOptions, kB, median, ms, type Row, type RowGroup } from '../row.ts'

const mostBytes = 300e6
const mostMs = 1000

export const html: RowGroup = {
  name: 'html',
  measure: (options) => withLab((lab) => measureHtml(lab, options)),
}

async function measureHtml({ laptop }: Lab, { quick, say }: BenchOptions): Promise<readonly Row[]> {
  const size = quick ? 5 : 100
  say(`inventing a session of ${size} MB`)
  const { turns } = await tell(laptop, size * 1e6)
  await teleported(laptop.machine, ['push', session], { cwd: laptop.top })
  const file = path.join(laptop.machine.folder, 'session.html')
  say('writing it as HTML')
  const { bytes } = await peakOf(laptop, 'show', session, '--format', 'html', '--output', file)
  const what = `${size} MB, ${turns} prompts`
  return [
    {
      what: `HTML of ${what}: peak memory of making it`,
      bar: '≤ 300 MB',
      measured: `${Math.round(bytes / 1e6)} MB, for a file of ${kB((await stat(file)).size)}`,
      ok: bytes <= mostBytes,
    },
    ...(await openedRow(what, file, quick ? 2 : 7, say)),
  ]
}

async function openedRow(
  what: string,
  file: string,
  rounds: number,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  const browser = await startBrowser({ log: (line) => say(String(line)), pass: () => true })
  if (!browser) return []
  try {
    say('opening it in Chromium')
    const times: { readonly firstMs: number; readonly wholeMs: number }[] = []
    for (let round = 0; round < rounds; round += 1) times.push(await openTimes(browser, file))
    const firstMs = median(times.map((each) => each.firstMs))
    const wholeMs = median(times.map((each) => each.wholeMs))
    return [
      {
        what: `HTML of ${what}: first content in Chromium`,
        bar: '≤ 1 s',
        measured: `${ms(firstMs)}; prompts, search and folding after ${ms(wholeMs)}`,
        ok: firstMs <= mostMs,
      },
    ]
  } finally {
    await browser.close()
  }
}

/** By the browser's own clock, from when it began to open the file. */
async function openTimes(browser: TestBrowser, file: string) {
  const { page, close } = await browser.open('about:blank')
  await page.goto(pathToFileURL(file).href)
  await page.locator('.prompts').waitFor()
  const wholeMs = await page.evaluate(() => performance.now())
  const firstMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  )
  await close()
  return { firstMs, wholeMs }
}
