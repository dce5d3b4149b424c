/** What is said when Claude Code begins or goes on with a conversation, and what is noted then. Asks no remote. */

import { parseProblem } from '../bundle/worker-state.ts'
import { liveClients } from '../claude/live.ts'
import { findSession } from '../claude/locate.ts'
import { dropSending, listSending, writeSending } from '../git-store/sending-files.ts'
import { readProblem } from '../git-store/worker-files.ts'
import type { SessionId } from '../model.ts'
import { type AutoStatus, autoStatus, consentHere } from './auto.ts'
import { automationAllowed } from './automation.ts'
import { movedLine } from './moved-session.ts'
import { newerElsewhere } from './newer-elsewhere.ts'
import { stuckRuns } from './run-list.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ClientStart {
  /** For the person; empty: nothing. */
  readonly notice: readonly string[]
  /** For the model. */
  readonly context: string | null
}

/** `source` as the client says it: `startup`, `resume`, `clear`, `compact`, `fork`. */
export async function clientStart(
  foreground: World,
  { session, source }: { readonly session: SessionId; readonly source: string | null },
): Promise<ClientStart> {
  const world: World = { ...foreground, background: true, note() {} }
  const consent = await consentHere(world)
  return withWorkspace(world, { remote: consent?.remote }, async (ws) => {
    const context = await movedLine(ws, session)
    // The same conversation goes on, and all has been said.
    if (source === 'compact') return { notice: [], context }
    const newer = await newerElsewhere(ws, session, { offline: true })
    const auto = await autoStatus(ws)
    const notice = [
      ...(await autoLines(ws, auto)),
      ...(await runLine(ws)),
      ...(await twiceLine(ws, session)),
      ...(newer === null ? [] : [newer]),
    ]
    if (auto.on && auto.movedFrom === null) await noteOpen(ws, session, newer ?? '')
    return { notice, context }
  })
}

async function autoLines(ws: Workspace, auto: AutoStatus): Promise<readonly string[]> {
  const { remote } = auto
  if (remote === null) return []
  if (auto.movedFrom !== null) {
    return [
      `automatic transfer waits: ${remote.name} is ${ws.remote.url} now, and was ${auto.movedFrom} when you turned it on. git teleport auto ${remote.name}   or: git teleport auto off`,
    ]
  }
  if (!(await automationAllowed(ws)))
    return ['automatic transfer waits: a policy forbids it by now. git teleport policy']
  const left = await askForLeft(ws)
  const waiting =
    left === 0
      ? []
      : [`${left} ${left === 1 ? 'conversation waits' : 'conversations wait'} to be sent${await why(ws)}`]
  return [autoLine(auto), ...waiting]
}

/** Where and for whom, in one line. */
export function autoLine({ remote, readableBy }: AutoStatus): string {
  const whom = readableBy.length === 0 ? 'nobody yet: git teleport init' : readableBy.join(', ')
  return `this conversation goes to ${remote?.name} (${remote?.url}) after each turn, encrypted for ${whom}. Off: git teleport auto off`
}

async function why(ws: Workspace): Promise<string> {
  const problem = parseProblem(await readProblem(ws.store))
  if (problem === null) return ''
  const hint = problem.hint === null ? '' : `; try: ${problem.hint}`
  return `; at ${problem.time}: ${problem.message.slice(0, mostOfProblem)}${hint}`
}

/** What git says of a remote takes many words. */
const mostOfProblem = 300

/**
 * How many wait; each is tried at once, now that somebody is here. So is one whose client is gone without a word, as after
 * a crash.
 */
async function askForLeft(ws: Workspace): Promise<number> {
  const live = new Set((await liveClients(ws.claude)).map(({ session }) => session))
  const tops = new Map<SessionId, string>()
  for (const { session, text } of await listSending(ws.store, 'open')) {
    if (live.has(session)) continue
    // Where nobody said a word there is nothing to lose.
    if ((await findSession(ws.claude, session)).length > 0) tops.set(session, text)
    await dropSending(ws.store, 'open', session)
  }
  for (const folder of ['taken', 'asked'] as const) {
    for (const { session, text } of await listSending(ws.store, folder)) {
      tops.set(session, text.trimEnd().replace(/^\S+ /, ''))
    }
  }
  for (const [session, top] of tops) await writeSending(ws.store, 'asked', session, `left ${top}\n`)
  return tops.size
}

/** What `run` could not finish waits for a command. */
async function runLine(ws: Workspace): Promise<readonly string[]> {
  const stuck = await stuckRuns(ws)
  const [only, another] = stuck
  if (another) return [`${stuck.length} background sessions wait for you: git teleport ps`]
  if (!only) return []
  const why = only.why?.slice(0, mostOfProblem) ?? only.state
  return [`background session ${only.session.slice(0, 8)} waits for you: ${why}; try: ${only.next}`]
}

async function twiceLine(ws: Workspace, session: SessionId): Promise<readonly string[]> {
  const clients = (await liveClients(ws.claude)).filter((client) => client.session === session)
  const own = Number(ws.world.env['CLAUDE_PID'])
  const other = clients.find(({ pid }) => pid !== own)
  // Whoever does not say which one it is may be the only one.
  if (Number.isNaN(own) && clients.length < 2) return []
  if (!other) return []
  return [
    `this conversation is open in another client (process ${other.pid}): what both of them add is mixed. Leave one of them, or go on in a copy: claude --resume ${session} --fork-session`,
  ]
}

/** The worker asks the remote, since nobody waits for that. */
async function noteOpen(ws: Workspace, session: SessionId, told: string): Promise<void> {
  await writeSending(ws.store, 'open', session, ws.repo.top)
  await writeSending(ws.store, 'look', session, told)
}
