/** What a checkout says of itself to another one of the same user, before a session goes between them. */

import { check, flag, guarded, integer, list, nullable, object, text } from '../bundle/shape.ts'
import { installedClient } from '../claude/client-version.ts'
import { liveClients } from '../claude/live.ts'
import { hasCode } from '../errors.ts'
import { boxPath, makeBox } from '../git-store/direct-box.ts'
import { agentEnvironment } from '../git-store/environment.ts'
import { branchTips, hasCommit } from '../git-store/known-commits.ts'
import { countChanges } from '../git-store/switch-code.ts'
import { isOid, isSessionId, type Oid, type SessionId } from '../model.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { showKey } from './key.ts'
import { projectIds } from './project-ids.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

/** Raised when the two sides would no longer understand each other. */
export const directProtocol = 1

export interface Greeting {
  readonly protocol: number
  /** Version of git-teleport. */
  readonly program: string
  /** Top of the work tree, absolute. */
  readonly top: string
  /** The repository that it lends, absolute. */
  readonly box: string
  /** Every id that sessions of this project may be signed for; none where the clone cannot tell. */
  readonly repos: readonly string[]
  readonly head: Oid | null
  /** Paths that are changed or untracked. */
  readonly changed: number
  /** Commits that it has, the newest branches first. */
  readonly tips: readonly Oid[]
  /** Whether it has the commit that was asked about. */
  readonly hasCommit: boolean
  /** The device's key, in one line; null: it has none. */
  readonly publicKey: string | null
  /** The key that was named is one of the user's own there. */
  readonly believes: boolean
  /** Version of Claude Code; null: there is none. */
  readonly client: string | null
  /** Sessions that are open in a client there. */
  readonly open: readonly SessionId[]
}

const line = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u
const version = /^\d{1,6}\.\d{1,6}\.\d{1,6}$/

export const mostTips = 200
const mostOpen = 1000

const shape = object({
  protocol: integer(1),
  program: text(60, line),
  top: text(4096, line),
  box: text(4096, line),
  repos: list(text(200, line), 1000),
  head: nullable(guarded(isOid)),
  changed: integer(0),
  tips: list(guarded(isOid), mostTips + 1),
  hasCommit: flag,
  publicKey: nullable(text(8192, line)),
  believes: flag,
  client: nullable(text(30, version)),
  open: list(guarded(isSessionId), mostOpen),
})

/** Throws `remote-access` for anything that git-teleport does not say. */
export function parseGreeting(value: unknown, name: string): Greeting {
  return check(shape, value, `what ${name} says of itself`, 'remote-access')
}

export interface Question {
  readonly commit: Oid | null
  /** The key of the device that asks, `type base64`. */
  readonly asker: string | null
  /** Looks only: nothing is made. */
  readonly dryRun: boolean
}

/** Answers, and makes the repository that the session will go through. */
export async function greet(world: World, program: string, question: Question): Promise<Greeting> {
  return withWorkspace(world, { direct: { lendsTo: [] } }, async (ws) => {
    if (!question.dryRun) await makeBox(ws.repo, ws.store.dir)
    const [changed, tips, knows, client, repos, open, key] = await Promise.all([
      countChanges(ws.repo),
      branchTips(ws.repo, mostTips),
      question.commit === null ? true : hasCommit(ws.repo, question.commit),
      installedClient(agentEnvironment(world.env), world.home),
      projectIds(ws),
      liveClients(ws.claude),
      keyOf(ws, question.asker),
    ])
    world.progress.done()
    return {
      protocol: directProtocol,
      program,
      top: ws.repo.top,
      box: boxPath(ws.store.dir),
      repos,
      head: ws.repo.head,
      changed,
      tips,
      hasCommit: knows,
      ...key,
      client,
      open: [...new Set(open.map(({ session }) => session))].slice(0, mostOpen),
    }
  })
}

async function keyOf(
  { world, repo }: Workspace,
  asker: string | null,
): Promise<Pick<Greeting, 'publicKey' | 'believes'>> {
  try {
    const own = await ownRecipients(world, await loadDevice(world, repo))
    return { publicKey: (await showKey(world)).publicKey, believes: asker !== null && own.includes(asker) }
  } catch (error) {
    if (hasCode(error, 'no-key')) return { publicKey: null, believes: false }
    throw error
  }
}
