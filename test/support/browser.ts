/** A real Chromium, which reaches nothing but what a test allows it and remembers everything that it tried. */

import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findProgram, type Logged, skip } from './tools.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** What a page did that a page of ours should not do. */
export interface Misdeeds {
  /** Requests for anything but files, data and the allowed origins; none of them got out. */
  readonly requests: readonly string[]
  /** Errors on the console and exceptions that nobody caught. */
  readonly errors: readonly string[]
  /** `alert`, `confirm`, `prompt`, `beforeunload`. */
  readonly dialogs: readonly string[]
  /** Pages that it opened. */
  readonly popups: readonly string[]
}

export interface OpenedPage {
  readonly page: Page
  /** Lists that grow while the page is open. */
  readonly misdeeds: Misdeeds
  /** Closes the page with its profile. */
  close(): Promise<void>
}

export interface PageOptions extends BrowserContextOptions {
  /** Origins that it may reach, such as `http://127.0.0.1:1234`. */
  readonly allow?: readonly string[]
}

export interface TestBrowser {
  /** A page in a profile of its own. */
  open(url: string, options?: PageOptions): Promise<OpenedPage>
  close(): Promise<void>
}

/** Debian's name, and what others call it. */
const names = ['chromium', 'chromium-browser', 'google-chrome']

const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Not even a name is looked up.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]

/** Undefined, after saying so as `needTool` does, where there is none. One browser serves a whole file of tests. */
export async function startBrowser(t: Logged): Promise<TestBrowser | undefined> {
  const executablePath = names.map(findProgram).find((found) => found !== undefined)
  if (executablePath === undefined) {
    skip(t, 'chromium is not installed')
    return undefined
  }
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath, headless: true, args: [...flags, ...asRoot] })
  return {
    open: (url, options = {}) => openPage(browser, url, options),
    close: () => browser.close(),
  }
}

/** One browser for a file of tests: started by the first that needs it. `close` in `test.after.always`. */
export function sharedBrowser(): {
  readonly get: (t: Logged) => Promise<TestBrowser | undefined>
  readonly close: () => Promise<void>
} {
  let started: Promise<TestBrowser | undefined> | undefined
  return {
    async get(t) {
      started ??= startBrowser(t)
      const browser = await started
      if (!browser) skip(t, 'chromium is not installed')
      return browser
    },
    close: async () => (await started)?.close(),
  }
}

async function openPage(
  browser: Browser,
  url: string,
  { allow = [], ...options }: PageOptions,
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const misdeeds = {
    requests: [] as string[],
    errors: [] as string[],
    dialogs: [] as string[],
    popups: [] as string[],
  }
  const isAllowed = (asked: string) =>
    /^(?:file|data|blob|about):/.test(asked) || allow.some((origin) => asked.startsWith(`${origin}/`))
  await context.route(
    (asked) => !isAllowed(asked.href),
    (route) => {
      misdeeds.requests.push(route.request().url())
      return route.abort()
    },
  )
  const page = await context.newPage()
  context.on('page', (opened) => misdeeds.popups.push(opened.url()))
  page.on('websocket', (socket) => {
    if (!isAllowed(socket.url().replace(/^ws/, 'http'))) misdeeds.requests.push(socket.url())
  })
  page.on('console', (message) => {
    if (message.type() === 'error') misdeeds.errors.push(message.text())
  })
  page.on('pageerror', (error) => misdeeds.errors.push(String(error)))
  page.on('dialog', (dialog) => {
    misdeeds.dialogs.push(`${dialog.type()}: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(url)
  return { page, misdeeds, close: () => context.close() }
}

/** What axe finds wrong with the page as it stands: `rule: element`, one line each. */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  // Told to the page from outside, which its Content-Security-Policy does not forbid.
  await page.evaluate(await axeSource())
  const found: unknown = await page.evaluate(
    "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.target.join(' ') + ': ' + node.failureSummary)))",
  )
  return Array.isArray(found) ? found.map(String) : ['axe said nothing']
}

function axeSource(): Promise<string> {
  return readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
}

/** Into `build/screenshots/<name>.png`, which git ignores and CI keeps. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = path.join(root, 'build/screenshots')
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: path.join(folder, `${name}.png`) })
}
