/** HTML files in a real browser: what people do with them, and what a hostile conversation cannot. */

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import type { HtmlTaste } from '../../src/cmd/html-document.ts'
import { accessibilityViolations, type Misdeeds, screenshot, sharedBrowser } from '../support/browser.ts'
import { type HtmlChapter, writeHtmlFile } from '../support/html-file.ts'
import { canary, hostileAgents, hostileConversation } from '../support/injection-corpus.ts'
import { sampleAgents, sampleConversation } from '../support/sample-conversation.ts'

const shared = sharedBrowser()
test.after.always(() => shared.close())

const sample: HtmlChapter = {
  title: 'Fix the upload of large files',
  facts: [
    ['session', '3f2a91c4-91c4-4d6f-9a37-0123456789ab'],
    ['by', 'ada@example.org'],
    ['pushed', '2026-11-20T10:14:00Z'],
    ['messages', '22'],
  ],
  rows: sampleConversation(),
  agents: sampleAgents(),
}

const innocent: Misdeeds = { requests: [], errors: [], dialogs: [], popups: [] }

async function fileOf(
  t: ExecutionContext,
  chapters: readonly HtmlChapter[],
  taste: Partial<HtmlTaste> = {},
): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gt-html-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'session.html')
  await writeHtmlFile(file, chapters, taste)
  return file
}

const urlOf = (file: string, hash = '') => `${pathToFileURL(file).href}${hash}`

/** The message that has the focus, which is where a jump has led. */
const arrivedAt = (page: Page, id: string) =>
  page.waitForFunction((wanted) => document.activeElement?.id === wanted, id)

test.serial('a conversation is read, folded, searched and linked to, in light and dark', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [sample])
  const { page, misdeeds, close } = await browser.open(urlOf(file), { colorScheme: 'light' })
  t.teardown(close)

  await page.locator('.prompts').waitFor()
  t.true(await page.getByRole('heading', { level: 1, name: sample.title }).isVisible())
  t.is(await page.title(), sample.title)
  t.is(await page.getByRole('navigation', { name: 'Prompts' }).getByRole('link').count(), 5)
  t.deepEqual(await accessibilityViolations(page), [])
  await screenshot(page, 'html-light')

  const edit = page.locator('details.call', { hasText: 'Edit' })
  t.is((await edit.locator('summary .outcome').textContent())?.trim(), '+5 −2')
  t.is(await edit.locator('table').count(), 0)
  await edit.locator('summary').click()
  await edit.locator('table.inline').waitFor()
  t.is(await edit.locator('td.line.removed').count(), 2)
  t.true((await edit.locator('td.line.added').first().textContent())?.startsWith('+'))
  await page.getByRole('button', { name: 'Side by side' }).click()
  await edit.locator('table.beside').waitFor()
  await screenshot(page, 'html-side-by-side')

  await page.getByRole('button', { name: 'Unfold all' }).click()
  await page.waitForFunction(() => !document.querySelector('details.call:not([open])'))
  await page.locator('.hljs-keyword', { hasText: 'export' }).first().waitFor()
  t.deepEqual(await accessibilityViolations(page), [])
  await page.getByRole('button', { name: 'Light / dark' }).click()
  t.deepEqual(await accessibilityViolations(page), [])
  await page.getByRole('button', { name: 'Fold all', exact: true }).click()
  await page.waitForFunction(() => !document.querySelector('details[open]'))

  const thought = page.locator('details.thinking')
  t.false(await thought.isVisible())
  await page.getByRole('button', { name: 'Thinking' }).click()
  await thought.waitFor()
  await page.getByRole('button', { name: 'Tool calls' }).click()
  await edit.waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Tool calls' }).click()

  await page.keyboard.press('/')
  await page.waitForFunction(() => document.activeElement instanceof HTMLInputElement)
  // At once: letter by letter, the places of the first letters come first.
  await page.keyboard.insertText('503 service')
  const found = page.locator('.found button')
  await found.first().waitFor()
  t.is(await found.count(), 1)
  t.regex((await found.textContent()) ?? '', /Tool #6.*503 Service Unavailable/s)
  await found.click()
  await arrivedAt(page, 'm6')
  t.is(new URL(page.url()).hash, '#m6')
  await page.getByRole('group', { name: 'Failure' }).getByText('503 Service Unavailable').waitFor()
  await page.waitForFunction(() => CSS.highlights.get('sought')?.size === 1)
  await screenshot(page, 'html-search-dark')

  await page.emulateMedia({ media: 'print' })
  t.false(await page.locator('.bar').isVisible())
  t.true((await page.pdf()).length > 10_000)
  t.deepEqual(misdeeds, innocent)
})

test.serial('a link leads to its message, and to the call that a result belongs to', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [sample, { title: 'And another', rows: sampleConversation() }])
  const { page, misdeeds, close } = await browser.open(urlOf(file, '#m11'))
  t.teardown(close)
  await arrivedAt(page, 'm10')
  await page.evaluate(() => {
    location.hash = '#c2-m9'
  })
  await arrivedAt(page, 'c2-m9')
  await page.locator('#c2-m9').waitFor()
  await page.locator('#m2').waitFor({ state: 'hidden' })
  await page.evaluate(() => {
    location.hash = '#m2'
  })
  await arrivedAt(page, 'm2')
  await page.locator('#m2').waitFor()
  await page.evaluate(() => {
    location.hash = '#m999999'
  })
  t.deepEqual(misdeeds, innocent)
})

test.serial('a prompt that was typed while the model was busy is gone to, and linked to', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const attachment = { type: 'queued_command', prompt: 'Leave out the debug lines.' }
  const rows = [...sampleConversation(), { type: 'attachment', uuid: 'queued', attachment }]
  const file = await fileOf(t, [sample, { title: 'And another', rows }])
  const { page, misdeeds, close } = await browser.open(urlOf(file), {})
  t.teardown(close)
  const link = page.locator('.prompts a', { hasText: 'Leave out the debug lines.' })
  t.is(await link.getAttribute('href'), '#queued')
  t.is((await link.locator('.where').textContent())?.trim(), '')
  const arrived = () => page.locator('article:focus', { hasText: 'Leave out the debug lines.' }).waitFor()
  await link.click()
  await arrived()
  t.regex(new URL(page.url()).hash, /^#c2-p1-\d+$/)
  await page.goto(urlOf(file, '#m1'))
  await arrivedAt(page, 'm1')
  await page.goto(urlOf(file, '#queued'))
  await page.waitForFunction(() => location.hash.startsWith('#c2-p1-'))
  await arrived()
  t.deepEqual(misdeeds, innocent)
})

test.serial('a small screen and a keyboard are enough', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [sample])
  const { page, misdeeds, close } = await browser.open(urlOf(file), {
    viewport: { width: 390, height: 800 },
    colorScheme: 'dark',
  })
  t.teardown(close)
  const prompts = page.getByRole('button', { name: 'Prompts' })
  await prompts.waitFor()
  await page.keyboard.press('Tab')
  t.is(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the conversation')
  await page.keyboard.press('Enter')
  const focused = () => page.evaluate(() => document.activeElement?.tagName)
  for (let presses = 0; presses < 6 && (await focused()) !== 'SUMMARY'; presses += 1)
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('details.call[open]').waitFor()
  await prompts.click()
  await page.getByRole('link', { name: 'Thanks. Commit it.' }).click()
  await arrivedAt(page, 'm22')
  t.false(await page.locator('#side').isVisible())
  t.deepEqual(await accessibilityViolations(page), [])
  t.is(await page.evaluate(() => document.documentElement.scrollWidth), 390)
  await screenshot(page, 'html-small')
  t.deepEqual(misdeeds, innocent)
})

test.serial('twenty thousand messages open at their beginning, their end and anywhere', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [{ title: 'Long', rows: longConversation(20_000) }])
  const { page, misdeeds, close } = await browser.open(urlOf(file))
  t.teardown(close)
  // What stands in the file before its script has run has no prompts.
  await page.locator('.prompts').waitFor()
  await page.locator('#m1').waitFor()
  const size = () => page.evaluate(() => document.querySelectorAll('article').length)
  t.true((await size()) < 2000)

  await page.keyboard.press('End')
  await page.locator('#m20000').waitFor({ state: 'attached' })
  await page.getByRole('link', { name: '#10001 ' }).click()
  await arrivedAt(page, 'm10001')
  t.is(Math.round((await page.locator('#m10001').boundingBox())?.y ?? 0), 72)
  t.true((await size()) < 2000)

  await page.getByRole('searchbox').fill('needle 15000')
  await page.locator('.found button').click()
  await arrivedAt(page, 'm15000')
  t.deepEqual(misdeeds, innocent)
})

test.serial('a jump stays where it went when the browser is late to say what is near', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [{ title: 'Long', rows: longConversation(5000) }])
  const { page, misdeeds, close } = await browser.open(urlOf(file))
  t.teardown(close)
  const lateMs = 200
  await page.addInitScript((ms) => {
    window.IntersectionObserver = class extends IntersectionObserver {
      constructor(tell: IntersectionObserverCallback, options?: IntersectionObserverInit) {
        super((entries, observer) => void setTimeout(() => tell(entries, observer), ms), options)
      }
    }
  }, lateMs)
  await page.reload()
  await page.locator('.prompts').waitFor()
  for (const number of [2501, 501, 4501]) {
    await page.getByRole('link', { name: `#${number} ` }).click()
    await arrivedAt(page, `m${number}`)
    await page.waitForTimeout(2 * lateMs)
    await arrivedAt(page, `m${number}`)
    t.is(Math.round((await page.locator(`#m${number}`).boundingBox())?.y ?? 0), 72)
  }
  t.deepEqual(misdeeds, innocent)
})

function* longConversation(messages: number): Generator<object> {
  for (let at = 1; at <= messages; at += 1) {
    const content =
      at % 10 === 1 ? `Prompt ${at}` : [{ type: 'text', text: `${'Words. '.repeat(at % 50)}needle ${at}` }]
    yield { type: at % 10 === 1 ? 'user' : 'assistant', message: { content } }
  }
}

test.serial('a file with a passphrase tells nothing without it', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [sample], { passphrase: 'four random words here' })
  const text = await readFile(file, 'utf8')
  for (const word of ['upload', 'ada@example.org', '3f2a91c4', 'fourth part'])
    t.false(text.includes(word), word)
  const { page, misdeeds, close } = await browser.open(urlOf(file))
  t.teardown(close)
  const field = page.getByLabel('Passphrase')
  await field.fill('four random words hear')
  t.deepEqual(await accessibilityViolations(page), [])
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByText('That passphrase does not open it.').waitFor()
  t.is(await page.getByText('upload').count(), 0)
  await screenshot(page, 'html-passphrase')
  await field.fill('four random words here')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: sample.title }).waitFor()
  t.is(await page.title(), sample.title)
  await page.getByText('Committed. Is there anything else?').waitFor()
  t.deepEqual(misdeeds, innocent)
})

/** What of a page could do something, or say something else than it seems to. */
function found(page: Page) {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll('#app, #app *')]
    const attributes = all.flatMap((element) => [...element.attributes])
    const targets = attributes.filter(({ name }) => /^(?:href|src|srcset|action|data|xlink:href)$/.test(name))
    const words = [document.title, document.body.innerText, ...attributes.map(({ value }) => value)]
    return {
      tags: [...new Set(all.map(({ localName }) => localName))].sort(),
      handlers: attributes.filter(({ name }) => name.startsWith('on')).map(({ name }) => name),
      targets: targets
        .map(({ value }) => value)
        .filter((value) => !/^(?:#|https?:\/\/|data:image\/png;)/.test(value)),
      letters: words.flatMap((each) =>
        [...each.matchAll(/[^\P{C}\n\t]|[\u2028\u2029]/gu)].map(([letter]) => letter.codePointAt(0)),
      ),
    }
  })
}

const ownTags = new Set(
  'a article aside blockquote button code dd del details div dl dt em figcaption figure h1 h2 header hr img input label li main mark nav noscript ol p pre search section span strong summary table tbody td th thead time tr ul'.split(
    ' ',
  ),
)

test.serial('nothing that a conversation holds runs, loads or hides anything', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const [title] = ['</title><script>window.__gt_canary=1</script>\u202e']
  const rows = hostileConversation()
  const chapter = { title, facts: [[title, title]] as const, rows, agents: hostileAgents() }
  const file = await fileOf(t, [chapter, chapter])
  for (const javaScriptEnabled of [true, false]) {
    const { page, misdeeds, close } = await browser.open(urlOf(file), { javaScriptEnabled })
    if (javaScriptEnabled) {
      for (const name of ['Thinking', 'Client notes', 'Side by side', 'Unfold all'])
        await page.getByRole('button', { name }).click()
      // All that is folded is made now; then every part is looked at, so that nothing waits for a glance.
      await page.locator('details.call[open] .inside').last().waitFor({ state: 'attached' })
      await page.getByRole('searchbox').fill('<script>')
      await page.locator('.found mark').first().waitFor()
      await page.locator('.found button').first().click()
      await page.evaluate(async () => {
        for (let y = 0; y < document.documentElement.scrollHeight; y += 2000) {
          scrollTo(0, y)
          await new Promise((resolve) => requestAnimationFrame(resolve))
        }
      })
      t.false(await page.evaluate((name) => name in window, canary))
    }
    t.true((await page.locator('main').innerText()).includes('<script>window.__gt_canary=1</script>'))
    const { tags, ...rest } = await found(page)
    t.deepEqual(
      tags.filter((name) => !ownTags.has(name)),
      [],
    )
    t.deepEqual(rest, { handlers: [], targets: [], letters: [] })
    t.deepEqual(misdeeds, innocent)
    await close()
  }
})

test.serial('without a script the beginning can be read, and a damaged file says so', async (t) => {
  const browser = await shared.get(t)
  if (!browser) return
  const file = await fileOf(t, [sample])
  const still = await browser.open(urlOf(file), { javaScriptEnabled: false })
  t.true(await still.page.getByText('The upload of large files breaks').isVisible())
  t.true(await still.page.locator('noscript p').isVisible())
  t.deepEqual(still.misdeeds, innocent)
  await still.close()

  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replaceAll('data-block>H4sI', 'data-block>H4sJ'))
  t.true((await stat(file)).size > 0)
  const { page, close } = await browser.open(urlOf(file))
  t.teardown(close)
  await page.getByRole('alert').getByText('cannot be read').waitFor()
})
