/** The local page in a real browser, on a project of two people. */

import { appendFile, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { stagingTop } from '../../src/claude/install.ts'
import { type Seat, transcriptOf } from '../journeys/seat.ts'
import { accessibilityViolations, type Misdeeds, screenshot, sharedBrowser } from '../support/browser.ts'
import { cli } from '../support/cli.ts'
import { canary, hostileConversation, injections } from '../support/injection-corpus.ts'
import { ids, makeProject, type Project, startTalk, type Talk } from './project.ts'
import { type RunningWeb, startWeb } from './running.ts'

const shared = sharedBrowser()
const later: (() => Promise<void>)[] = []
const lasting = { teardown: (work: () => Promise<void>) => later.push(work) }
let made: Promise<Project> | undefined
const project = () => {
  made ??= makeProject(lasting)
  return made
}
test.after.always(async () => {
  await shared.close()
  for (const work of later.reverse()) await work()
})

const innocent: Misdeeds = { requests: [], errors: [], dialogs: [], popups: [] }

async function opened(t: ExecutionContext, argv: readonly string[] = [], options: object = {}) {
  const browser = await shared.get(t)
  if (!browser) return undefined
  const web = await startWeb(t, (await project()).ada, ...argv)
  const { page, misdeeds, close } = await browser.open(web.url, { allow: [web.origin], ...options })
  t.teardown(close)
  return { page, misdeeds, web, browser }
}

const titles = (page: Page) => page.locator('.session-title').allTextContents()
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const arrivedAt = (page: Page, id: string) =>
  page.waitForFunction((wanted) => document.activeElement?.id === wanted, id)

async function inBothLights(t: ExecutionContext, page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    t.deepEqual(await accessibilityViolations(page), [], `${name}, ${colorScheme}`)
    await screenshot(page, `web-${name}-${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

test.serial('sessions are listed, filtered and grouped, and opened from the keyboard', async (t) => {
  const it = await opened(t)
  if (!it) return
  const { page, misdeeds, web, browser } = it
  await heading(page, 'app')
  t.is(new URL(page.url()).hash, '')
  const all = [
    'Look at the logs',
    'Guard partial buffer',
    'Retry what the server refused',
    'Close files after an upload',
  ]
  t.deepEqual((await titles(page)).toSorted(), all.toSorted())
  const row = (title: string) => page.locator('.session-row', { hasText: title })
  t.regex((await row('Look at the logs').textContent()) ?? '', /not sent/)
  t.regex(
    (await row('Retry').textContent()) ?? '',
    /only on the remote.*held by ada@example\.org.*bob@example\.org/s,
  )
  await inBothLights(t, page, 'sessions')

  const filter = page.getByRole('searchbox')
  const filtered = async (words: string) => {
    await filter.fill(words)
    return titles(page)
  }
  t.deepEqual(await filtered('retry'), ['Retry what the server refused'])
  t.deepEqual((await filtered('bob@')).toSorted(), [all[1], all[2]].toSorted())
  t.deepEqual(await filtered('aaaa1111'), ['Close files after an upload'])
  t.deepEqual(await filtered('close upload.js'), ['Close files after an upload'])
  t.deepEqual((await filtered('main upload')).length, 1)
  t.deepEqual(await filtered('no such thing'), [])
  await page.getByText('No session fits').waitFor()
  await filter.fill('')

  await page.getByRole('button', { name: 'Commit', exact: true }).click()
  const groups = page.locator('.group')
  t.deepEqual((await groups.evaluateAll((all) => all.map((each) => each.ariaLabel))).toSorted(), [
    'Close files after an upload',
    'No commit',
    'Retry what the server refused',
  ])
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  t.deepEqual(await accessibilityViolations(page), [])
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type('guard')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await heading(page, 'Guard partial buffer')
  t.is(new URL(page.url()).pathname, `/session/${ids.demo}`)
  t.is(await page.evaluate(() => document.activeElement?.id), 'content')
  await page.goBack()
  await page.locator('.session-row').first().waitFor()
  t.deepEqual(await titles(page), ['Guard partial buffer'])

  // The link has let in one browser, and lets in no other; a tab of the same one is.
  const tab = await page.context().newPage()
  await tab.goto(`${web.origin}/session/${ids.upload}#m2`)
  await arrivedAt(tab, 'm2')
  const stranger = await browser.open(web.url, { allow: [web.origin] })
  t.teardown(stranger.close)
  await stranger.page.getByText('Nobody has let this browser in').waitFor()
  t.deepEqual(misdeeds.requests, [])
  t.deepEqual(misdeeds.errors, [])
  t.is(web.said(), '')
  t.is(await web.end('SIGINT'), 0)
  await page.getByText('not running').waitFor()
})

test.serial('a session is read, searched, folded and linked to, with who vouches for it', async (t) => {
  const it = await opened(t, [ids.demo.slice(0, 6)])
  if (!it) return
  const { page, misdeeds, web } = it
  const { ada } = await project()
  await heading(page, 'Guard partial buffer')
  const badges = await page.locator('.session-main > .badges').textContent()
  t.regex(badges ?? '', /verified: bob@example\.org.*2 readers.*expires in 30 days/)
  await page.getByText('Signature, readers and the like').click()
  const facts = (await page.locator('.long-facts').textContent()) ?? ''
  t.regex(facts, /verified: bob@example\.orgSHA256:/)
  t.regex(facts, /Readers.*you, ada@example\.org SHA256:/)
  t.regex(facts, /Readers.*bob@example\.org SHA256:/)
  await page.locator('article.message').first().waitFor()
  await inBothLights(t, page, 'session')

  const calls = page.locator('details.call')
  await page.getByRole('button', { name: 'Unfold all' }).click()
  t.true((await calls.count()) > 3)
  t.is(await page.locator('details.call:not([open])').count(), 0)
  const code = page.locator('pre code:visible').first()
  t.is(await code.evaluate((each) => getComputedStyle(each).fontSize), '13px')
  t.deepEqual(await accessibilityViolations(page), [])
  await page.keyboard.press('x')
  await page.locator('details.call[open]').first().waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Tools', exact: true }).click()
  await calls.first().waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Tools', exact: true }).click()

  await page.keyboard.press('/')
  await page.waitForFunction(() => document.activeElement?.id === 'search')
  // At once: letter by letter, the places of the first letters come first.
  await page.keyboard.insertText('partial worker')
  const found = page.locator('.found button')
  await found.first().click()
  await page.waitForFunction(() => /^#m\d+$/.test(location.hash))
  const { hash } = new URL(page.url())
  t.regex((await page.locator(hash).textContent()) ?? '', /partial worker/)
  // Arriving wrote the address. Who scrolls away after that is not brought back by the next thing on the page.
  await page.evaluate(() => scrollTo(0, 0))
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  t.is(await page.evaluate(scrolledTo), 0)
  await page.keyboard.press('Escape')
  await page.goto(`${web.origin}/session/${ids.demo}#m69`)
  await arrivedAt(page, 'm69')
  await page.keyboard.press('p')
  t.is(await page.evaluate(() => document.activeElement?.id), 'm56')
  await atTheEnd(t, page)

  t.deepEqual(misdeeds, innocent)
  const { home, config } = ada.machine
  const staged = () => readdir(stagingTop({ home, config, platform: 'posix' })).catch(() => [])
  t.true((await staged()).length > 0)
  t.is(await web.end('SIGTERM'), 0)
  t.deepEqual(await staged(), [])

  // One that is killed cannot forget; the next one does.
  const killed = await opened(t, [ids.demo.slice(0, 6)])
  await killed?.page.locator('article.message').first().waitFor()
  await killed?.web.end('SIGKILL')
  t.true((await staged()).length > 0)
  await startWeb(t, ada, '--offline')
  t.deepEqual(await staged(), [])
})

/** Once what was to be drawn is drawn. */
function scrolledTo(): Promise<number> {
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  return nextFrame()
    .then(nextFrame)
    .then(() => scrollY)
}

/** Where every message lies above the screen, none follows, and the last is the one before. */
async function atTheEnd(t: ExecutionContext, page: Page): Promise<void> {
  const last = await page.locator('article.message:visible').last().getAttribute('id')
  await page.setViewportSize({ width: 1280, height: 300 })
  for (const key of ['j', 'k']) {
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
      scrollTo(0, document.documentElement.scrollHeight)
    })
    await page.keyboard.press(key)
    t.is(await page.evaluate(() => document.activeElement?.id), last ?? '', key)
  }
}

test.serial('a commit stands beside what led to it, and a line leads to its prompt', async (t) => {
  const { commits, ada } = await project()
  const it = await opened(t, ['HEAD~1'], { viewport: { width: 1280, height: 800 } })
  if (!it) return
  const { page, misdeeds, web } = it
  await heading(page, 'Retry what the server refused')
  const led = page.getByRole('region', { name: 'What led to it' })
  const changed = page.getByRole('region', { name: 'What it changed' })
  await led.getByText('Retry three times').waitFor()
  await changed.locator('td.line.added', { hasText: 'async function withRetries' }).waitFor()
  t.is(await changed.locator('td.line.removed').count(), 1)
  const [left, right] = [await led.boundingBox(), await changed.boundingBox()]
  t.true(left !== null && right !== null && left.x + left.width <= right.x && left.y === right.y)
  await inBothLights(t, page, 'commit')
  await page.getByRole('button', { name: 'Side by side' }).click()
  await changed.locator('table.beside').waitFor()

  await page.getByRole('link', { name: commits.upload.slice(0, 10) }).click()
  await heading(page, 'Close files after an upload')
  await led.getByText('The upload leaves files open').waitFor()
  // What was asked after the commit led to something else.
  t.is(await led.getByText('anything else that leaks').count(), 0)

  await page.goto(`${web.origin}/commit/${commits.byHand}`)
  await page.getByText('No session that is known here').waitFor()
  await page.keyboard.press('c')
  await heading(page, 'Commits')
  await page.locator('.tied a').first().waitFor()
  await inBothLights(t, page, 'commits')

  await writeFile(path.join(ada.top, 'not-tracked.txt'), 'secret\n')
  for (const file of ['not-tracked.txt', '.git/config', '../../.ssh/id', '/etc/passwd', 'src/../../x'])
    await refusedFile(t, page, web, file)
  await page.keyboard.press('f')
  await page.getByRole('link', { name: 'src/upload.js' }).click()
  await heading(page, 'src/upload.js')
  const run = page.locator('tbody.run', { hasText: 'withRetries(work' })
  await run.getByRole('link', { name: /^Uploads fail when the server is busy/ }).waitFor()
  await inBothLights(t, page, 'file')
  await page.goto(`${web.origin}/file/src/upload.js@${commits.upload}#L4`)
  t.is(await page.locator('.wanted .text').textContent(), '  const source = await open(file)')
  t.is(await page.getByText('withRetries').count(), 0)
  await page.locator('tbody.chosen .reason-link').click()
  await heading(page, 'Close files after an upload')
  await arrivedAt(page, 'm1')
  t.deepEqual(misdeeds.requests, [])
  t.deepEqual(misdeeds.dialogs, [])
})

async function refusedFile(t: ExecutionContext, page: Page, web: RunningWeb, file: string): Promise<void> {
  await page.goto(`${web.origin}/file/${encodeURIComponent(file)}`)
  const alert = page.getByRole('alert')
  await alert.waitFor()
  t.regex((await alert.textContent()) ?? '', /there is no file/, file)
}

test.serial('while a session runs, what it says appears, and so do new sessions', async (t) => {
  const it = await opened(t, ['--offline', ids.open])
  if (!it) return
  const { page, misdeeds } = it
  const { ada } = await project()
  await heading(page, 'Look at the logs')
  await page.getByText('Nothing unusual so far.').waitFor()
  const talk = await startTalk(ada, ids.open, '')
  await talk.ask('And this morning?')
  await page.locator('.talk').getByText('And this morning?').waitFor()
  await talk.say('Two timeouts at nine.')
  // Half a row is none.
  await appendFile(transcriptOf(ada, ids.open), '{"type":"assistant","mess')
  await page.locator('.talk').getByText('Two timeouts at nine.').waitFor()
  await page.getByText('2 new messages').waitFor()
  t.is(await page.getByText('And this morning?').count(), 2)
  await appendFile(transcriptOf(ada, ids.open), 'age":{}}\n')
  // A subagent stands where it was started, however late it says something.
  const aside = await startAside(ada, talk)
  await aside('I read every log.')
  await talk.say('It is still reading.')
  await page.locator('.talk').getByText('It is still reading.').waitFor()
  await aside('There are nine.')
  await page.locator('.talk').getByText('There are nine.').waitFor()
  const told = await page.locator('.talk article.message').allTextContents()
  t.deepEqual(
    told.slice(-3).map((text) => /I read every log|There are nine|It is still reading/.exec(text)?.[0]),
    ['I read every log', 'There are nine', 'It is still reading'],
  )
  await page.keyboard.press('/')
  await page.waitForFunction(() => document.activeElement?.id === 'search')
  await page.keyboard.insertText('There are nine')
  await page.locator('.found button', { hasText: 'in a subagent' }).click()
  await page.waitForFunction(() => /^#p1-\d+$/.test(location.hash))
  t.regex((await page.locator(new URL(page.url()).hash).textContent()) ?? '', /There are nine/)
  // What is typed while the model is busy has no number.
  const attachment = { type: 'queued_command', prompt: 'Leave out the debug lines.' }
  const common = { sessionId: ids.open, cwd: ada.top, timestamp: new Date().toISOString() }
  await talk.row({ ...common, type: 'attachment', uuid: 'queued', parentUuid: 'aside', attachment })
  await page.getByRole('searchbox').fill('')
  await page.locator('.prompts a', { hasText: 'Leave out the debug lines.' }).click()
  await page.locator('article:focus', { hasText: 'Leave out the debug lines.' }).waitFor()
  t.regex(new URL(page.url()).hash, /^#p1-\d+$/)
  await page.keyboard.press('s')
  await page.getByText('Look at the logs').waitFor()
  await (await startTalk(ada, ids.hostile, 'A new one')).ask('hello')
  await page.getByText('A new one').waitFor()
  t.deepEqual(misdeeds, innocent)
})

/** A call that starts a subagent; what is returned lets it say something. */
async function startAside(ada: Seat, talk: Talk): Promise<(text: string) => Promise<void>> {
  const folder = path.join(transcriptOf(ada, ids.open).replace(/\.jsonl$/, ''), 'subagents')
  await mkdir(folder, { recursive: true })
  const started = { agentType: 'reader', toolUseId: 'reading' }
  await writeFile(path.join(folder, 'agent-a1.meta.json'), JSON.stringify(started))
  await writeFile(path.join(folder, 'agent-a1.jsonl'), '')
  const content = [
    { type: 'tool_use', id: 'reading', name: 'Agent', input: { description: 'Read the logs' } },
  ]
  await talk.row({ type: 'assistant', uuid: 'aside', message: { role: 'assistant', content } })
  return (text) => {
    const said = { role: 'assistant', content: [{ type: 'text', text }] }
    const row = { type: 'assistant', uuid: text, isSidechain: true, message: said }
    return appendFile(path.join(folder, 'agent-a1.jsonl'), `${JSON.stringify(row)}\n`)
  }
}

/** What makes the page wider than the screen. */
function widerThanScreen(): readonly string[] {
  if (document.documentElement.scrollWidth <= innerWidth) return []
  const wide = [...document.querySelectorAll('body *')].filter(
    (each) => each.getBoundingClientRect().right > innerWidth + 1,
  )
  return wide.map(
    ({ tagName, className, parentElement }) => `${parentElement?.className} > ${tagName}.${className}`,
  )
}

test.serial('the list is shown although it changes before there is an answer', async (t) => {
  const it = await opened(t, ['--offline'])
  if (!it) return
  const { page } = it
  await page.locator('.session-row').first().waitFor()
  // A stream that tells of a change and ends: the page takes notice, and begins another.
  const streams = counter()
  await page.route('**/api/events?*', (route) => {
    streams.add()
    const told = { status: 200, contentType: 'text/event-stream', body: 'data: {"kind":"list"}\n\n' }
    return route.fulfill(told)
  })
  const answers = counter()
  let waiting = 0
  let mostWaiting = 0
  await page.route('**/api/overview?*', async (route) => {
    waiting += 1
    mostWaiting = Math.max(mostWaiting, waiting)
    await streams.reach(streams.count() + 2)
    waiting -= 1
    answers.add()
    // The page may be gone by now, at the end.
    await route.continue().catch(() => undefined)
  })
  await page.reload()
  await page.locator('.session-row').first().waitFor()
  // What changed meanwhile is asked for, once.
  await answers.reach(3)
  t.is(mostWaiting, 1)
})

test.serial('many tabs are open, and the one that is looked at learns what it missed', async (t) => {
  const it = await opened(t, ['--offline'])
  if (!it) return
  const { page, misdeeds, web } = it
  const { ada } = await project()
  const context = page.context()
  // Without a screen, every tab of a browser thinks that it is seen.
  await context.addInitScript(() => {
    Object.defineProperty(document, 'hidden', { get: () => Reflect.get(globalThis, 'isHidden') === true })
  })
  const look = (tab: Page, isHidden: boolean) =>
    tab.evaluate((to) => {
      Reflect.set(globalThis, 'isHidden', to)
      document.dispatchEvent(new Event('visibilitychange'))
    }, isHidden)
  const tabs: Page[] = []
  for (let n = 0; n < 8; n += 1) {
    const tab = await context.newPage()
    await tab.goto(`${web.origin}/`)
    await tab.locator('.session-row').first().waitFor()
    // The next one comes to the front.
    await look(tab, true)
    tabs.push(tab)
  }
  const [first, last] = [tabs.at(0), tabs.at(-1)]
  if (!first || !last) throw new Error('no tab was opened')
  await look(last, false)
  await (await startTalk(ada, ids.missed, 'Said meanwhile')).ask('hello')
  await last.getByText('Said meanwhile').waitFor()
  t.is(await first.getByText('Said meanwhile').count(), 0)
  await look(last, true)
  await look(first, false)
  await first.getByText('Said meanwhile').waitFor()
  t.is(await first.getByText('not running').count(), 0)
  t.deepEqual(misdeeds.errors, [])
})

/** Counts what happens; `reach` waits for so many. */
function counter() {
  const waiting = new Set<() => void>()
  let count = 0
  return {
    count: () => count,
    add() {
      count += 1
      for (const look of waiting) look()
    },
    reach: (wanted: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (count < wanted) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

test.serial('titles, texts and file names from outside run nothing and reach nobody', async (t) => {
  const { ada } = await project()
  const talk = await startTalk(ada, ids.hostile, injections.slice(0, 6).join(' '))
  for (const row of hostileConversation()) await talk.row({ ...row, sessionId: ids.hostile, cwd: ada.top })
  const name = `src/<img src=x onerror=${canary}=1>\u202e.js`
  await talk.edit(name, `<script>${canary}=1</script>\u202e\u0007\n`, [])
  const commit = await talk.commit(`<img src=x onerror=${canary}=1> \u202e`)
  await ada.run(['push', ids.hostile, '--to', 'me', '--yes', '--no-redact'])
  const it = await opened(t, ['--offline'], { viewport: { width: 400, height: 800 }, colorScheme: 'dark' })
  if (!it) return
  const { page, misdeeds, web } = it
  const calm = async (what: string) => {
    t.is(await page.evaluate((name) => Reflect.get(globalThis, name), canary), undefined, what)
    t.deepEqual(await page.evaluate(widerThanScreen), [], what)
  }
  await page.locator('.session-row').first().waitFor()
  await calm('the list')
  t.deepEqual(await accessibilityViolations(page), [])
  for (const place of ['here', 'remote']) {
    await page.goto(`${web.origin}/session/${ids.hostile}?place=${place}`)
    await page.locator('article.message').first().waitFor()
    await page.getByRole('button', { name: 'Unfold all' }).click()
    await page.getByRole('button', { name: 'Thinking' }).click()
    await page.keyboard.press('End')
    await calm(`the session, ${place}`)
  }
  t.deepEqual(await accessibilityViolations(page), [])
  await page.goto(`${web.origin}/commit/${commit}`)
  await page.locator('.talk article.message').first().waitFor()
  const line = page.locator('td.line.added', { hasText: '<script>' })
  t.regex((await line.textContent()) ?? '', /^\+<script>.*<\/script>\\u\{202e\}\\u\{7\}$/)
  await calm('the commit')
  await screenshot(page, 'web-hostile-small-dark')
  await page.goto(`${web.origin}/files`)
  await page.locator('.file-link').first().waitFor()
  await calm('the files')
  await page.locator('.file-link', { hasText: 'onerror' }).click()
  await page.locator('.blame .text').first().waitFor()
  await calm('the file')
  t.deepEqual(misdeeds, innocent)
})

test.serial(
  'at a terminal the address is opened, and the end of the terminal is the end of the page',
  async (t) => {
    const { ada } = await project()
    const [bin, told] = [path.join(ada.machine.home, 'bin'), path.join(ada.machine.home, 'opened')]
    await mkdir(bin)
    // Who opens it here says so, and takes the terminal away.
    await writeFile(path.join(bin, 'xdg-open'), `#!/bin/sh\necho "$1" > '${told}'\nkill -HUP $PPID\n`)
    await chmod(path.join(bin, 'xdg-open'), 0o755)
    const env = { PATH: `${bin}:${ada.machine.env['PATH']}` }
    const options = { cwd: path.join(ada.top, 'src'), env, tty: true, timeoutMs: 60_000 }
    const ran = await cli(ada.machine, ['web', '--offline', 'upload.js:3'], options)
    t.is(ran.exitCode, 0, ran.stdout)
    const url = (await readFile(told, 'utf8')).trim()
    t.regex(url, /^http:\/\/127\.0\.0\.1:\d+\/file\/src\/upload\.js#token=[\w-]{43}&at=L3$/)
    t.true(ran.stdout.includes(`${url}\r\n`))
    const refused = async (...argv: readonly string[]) =>
      (await ada.refused(['web', '--offline', ...argv])).code
    t.is(await refused('no-such-thing'), 'no-session')
    t.is(await refused('--port', '70000'), 'usage')
  },
)
