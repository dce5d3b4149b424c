/** The real client, the API that it talks to, and one conversation on its screen. */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { scriptedPrompt, type ToolCall } from '../support/api-script.ts'
import { type ApiRequest, type ApiStandIn, startApiStandIn } from '../support/api-stand-in.ts'
import { installClient, prepareClientHome, startClient } from '../support/claude-client.ts'
import { dig, type JsonRecord, parseJson, parseRows, stringAt } from '../support/json.ts'
import type { Machine } from '../support/sandbox.ts'
import type { Screen } from '../support/tmux.ts'
import { type Logged, needTool, skip } from '../support/tools.ts'

export interface ClientWorld {
  /** Path of the client's native program. */
  readonly program: string
  readonly api: ApiStandIn
}

export interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** The world of a client test; undefined, and the test skipped, where the client or tmux cannot be had. */
export async function openClientWorld(t: Logged & Teardown): Promise<ClientWorld | undefined> {
  if (!needTool(t, 'tmux')) return undefined
  try {
    const program = await installClient()
    const api = await startApiStandIn()
    t.teardown(api.close)
    return { program, api }
  } catch (error) {
    skip(t, `the real client cannot be had: ${String(error).replace(/\s+/g, ' ').slice(0, 300)}`)
    return undefined
  }
}

export interface Conversation {
  readonly screen: Screen
  readonly session: SessionId
  /** Where the client writes; exists from the first prompt on. */
  transcript(): Promise<string>
  /** Says one line, waits for the end of the turn, and returns the requests that it caused. */
  say(words: string, rounds?: readonly (readonly ToolCall[])[]): Promise<readonly ApiRequest[]>
  /** Types a slash command and sends it. */
  command(text: string): Promise<void>
  /** Leaves by /exit and waits until the client has ended. */
  exit(): Promise<void>
}

/** Starts the client in the checkout `top`, on a new session or on one to resume. It ends when the test does. */
export async function converse(
  t: Teardown,
  world: ClientWorld,
  machine: Machine,
  top: string,
  resume?: SessionId,
): Promise<Conversation> {
  await prepareClientHome(machine, [top])
  const args = resume === undefined ? [] : ['--resume', resume]
  const screen = await startClient(machine, { program: world.program, apiUrl: world.api.url, cwd: top, args })
  t.teardown(screen.close)
  await screen.waitFor(isReady)
  const session = resume ?? (await openSession(machine, top, screen))
  const transcript = () => transcriptOf(machine, session)
  const send = async (text: string) => {
    await screen.type(text)
    await screen.waitFor((shown) => squeezed(shown).includes(squeezed(text).slice(-40)))
    await screen.press('Enter')
  }
  return {
    screen,
    session,
    transcript,
    command: send,
    say: async (words, rounds = []) => {
      const before = world.api.requests.length
      await send(rounds.length === 0 ? words : scriptedPrompt(words, rounds))
      await until(`the answer to "${words}"`, screen, async () =>
        isAnswered(await rowsOf(await transcript()), words),
      )
      await screen.waitFor(isReady)
      return world.api.requests.slice(before)
    },
    exit: async () => {
      await send('/exit')
      await screen.waitForEnd()
    },
  }
}

/** Whether the input line waits and nothing is at work. */
function isReady(screen: string): boolean {
  return /^❯/m.test(screen) && /⏵⏵/.test(screen) && !/esc to interrupt/.test(screen)
}

/** The session of the one client that runs in `top`, as soon as it has registered itself. */
async function openSession(machine: Machine, top: string, screen: Screen): Promise<SessionId> {
  let found: string | undefined
  await until(`the client in ${top}`, screen, async () => {
    const here = (await registered(machine)).filter(
      (client) => stringAt(client, 'cwd') === top && isAlive(client),
    )
    found = here.length === 1 ? stringAt(here[0], 'sessionId') : undefined
    return found !== undefined
  })
  return parseSessionId(found ?? '')
}

async function registered(machine: Machine): Promise<readonly unknown[]> {
  const folder = path.join(machine.config, 'sessions')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  return Promise.all(names.map(async (name) => parseJson(await readFile(path.join(folder, name), 'utf8'))))
}

function isAlive(client: unknown): boolean {
  const pid = dig(client, 'pid')
  try {
    return typeof pid === 'number' && process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The one transcript of a session on a machine; throws when there is none or several. */
export async function transcriptOf(machine: Machine, session: SessionId): Promise<string> {
  const projects = path.join(machine.config, 'projects')
  const found = (await readdir(projects, { recursive: true }).catch(() => [])).filter(
    (name) => path.basename(name) === `${session}.jsonl`,
  )
  const [only] = found
  if (only === undefined || found.length > 1) throw new Error(`${found.length} transcripts of ${session}`)
  return path.join(projects, only)
}

/** The whole rows of a transcript. */
export async function rowsOf(transcript: string): Promise<readonly JsonRecord[]> {
  return parseRows(await readFile(transcript, 'utf8'))
}

/** The turn has ended, and so have its helpers: the last row of a turn says how long it took. */
function isAnswered(rows: readonly JsonRecord[], words: string): boolean {
  const asked = rows.findLastIndex((row) => promptOf(row)?.startsWith(words) === true)
  const ended = rows.findLastIndex((row) => row['subtype'] === 'turn_duration')
  return asked >= 0 && ended > asked && rows[ended]?.['pendingBackgroundAgentCount'] === undefined
}

/** What a person typed, when this row says so. */
function promptOf(row: JsonRecord): string | undefined {
  return row['type'] === 'user' ? stringAt(row, 'message', 'content') : undefined
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '')
}

/** Looks until `happened`; fails with the screen after a minute. A look that throws counts as no. */
async function until(what: string, screen: Screen, happened: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await happened().catch(() => false))) {
    if (performance.now() > deadline)
      throw new Error(`${what} never came; the screen shows:\n${await screen.read()}`)
    await delay(100)
  }
}
