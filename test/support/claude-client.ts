/**
 * The real Claude Code client, installed from its registry into a cache outside of the repository, never vendored.
 * Kept off the network without root: the API is a loopback stand-in, every other address goes to a proxy that is not there.
 */

import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { isRecord, parseJson } from './json.ts'
import { run } from './run.ts'
import { type Machine, must } from './sandbox.ts'
import { type Screen, startOnScreen } from './tmux.ts'

/** The version that the facts were measured with. */
export const clientVersion = '2.1.329'

const apiKey = 'sk-ant-api03-git-teleport-test-key-0123456789abcdef'

/** Path of the native program; installs it when the cache lacks it. Throws when it cannot be installed. */
export async function installClient(): Promise<string> {
  const folder = path.join(cacheFolder(), `claude-code-${clientVersion}`)
  const platform = `claude-code-${process.platform}-${process.arch}`
  const program = path.join('node_modules/@anthropic-ai', platform, 'claude')
  if (!(await exists(path.join(folder, program)))) await install(folder)
  return path.join(folder, program)
}

/** `$GIT_TELEPORT_TEST_CACHE`, else a folder of the user's cache. */
export function cacheFolder(): string {
  return process.env['GIT_TELEPORT_TEST_CACHE'] ?? path.join(os.homedir(), '.cache/git-teleport-test')
}

/** Installs beside the target and renames, so that a broken install is never taken for a good one. */
async function install(folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}-`)
  await writeFile(path.join(temporary, 'package.json'), '{"private":true}\n')
  // The package asks for a newer Node than ours; the native program in it needs none.
  const args = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--engine-strict=false',
  ]
  const options = { cwd: temporary, env: environmentForNpm(), timeoutMs: 300_000 }
  try {
    must(await run('npm', [...args, `@anthropic-ai/claude-code@${clientVersion}`], options), 'npm install')
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  await rename(temporary, folder).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true })
    // Another run was quicker.
    if (!(await exists(folder))) throw error
  })
}

/** The person's own settings (a mirror, a proxy), without those that an npm around this run has set. */
export function environmentForNpm(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) =>
      value === undefined || setByNpm.test(key) ? [] : [[key, value]],
    ),
  )
}

const setByNpm = /^npm_(?!config_(?:registry|cafile|proxy|https_proxy|userconfig)$)/i

/** Makes `machine` a home in which the client starts without questions, and trusts `checkouts`. May be called again. */
export async function prepareClientHome(machine: Machine, checkouts: readonly string[]): Promise<void> {
  const file = path.join(machine.home, '.claude.json')
  const old = (await exists(file)) ? parseJson(await readFile(file, 'utf8')) : {}
  const known = isRecord(old) && isRecord(old['projects']) ? old['projects'] : {}
  const trusted = checkouts.map((top) => [
    top,
    { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true },
  ])
  const settings = {
    ...(isRecord(old) ? old : {}),
    hasCompletedOnboarding: true,
    theme: 'dark',
    lastOnboardingVersion: clientVersion,
    customApiKeyResponses: { approved: [apiKey.slice(-20)], rejected: [] },
    projects: { ...known, ...Object.fromEntries(trusted) },
  }
  await writeFile(file, JSON.stringify(settings), { mode: 0o600 })
}

/** What the client needs in its environment beside the machine's own. */
export function clientEnvironment(apiUrl: string): Record<string, string> {
  const nowhere = 'http://127.0.0.1:9'
  return {
    ANTHROPIC_BASE_URL: apiUrl,
    ANTHROPIC_API_KEY: apiKey,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    NO_PROXY: '127.0.0.1,localhost',
    SHELL: '/bin/bash',
    TERM: 'xterm-256color',
  }
}

export interface ClientOptions {
  readonly program: string
  readonly apiUrl: string
  readonly cwd: string
  readonly args?: readonly string[]
}

/** Tools that run without a question. */
const tools = [
  '--permission-mode',
  'acceptEdits',
  '--allowedTools',
  'Read,Write,Edit,Bash,Agent,Task,TaskCreate,TodoWrite',
]

/** Starts an interactive client on a screen. The caller ends it. */
export function startClient(machine: Machine, options: ClientOptions): Promise<Screen> {
  return startOnScreen(machine, [options.program, ...tools, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: clientEnvironment(options.apiUrl),
  })
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
