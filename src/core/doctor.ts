/** `doctor`: looks at everything that a push or a pull needs, and says what to do about what is missing. */

import { claudeHome } from '../claude/home.ts'
import { findSessionsByPrefix } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import { isStoreWhole, storeSize } from '../git-store/maintenance.ts'
import { patterns } from '../git-store/refs.ts'
import { gitVersion } from '../git-store/user-repo.ts'
import type { SessionId } from '../model.ts'
import { autoStatus } from './auto.ts'
import { loadDevice } from './device.ts'
import { automationOf } from './hook-status.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface Finding {
  readonly name: string
  readonly level: 'ok' | 'warning' | 'problem'
  readonly detail: string
  readonly hint: string | null
}

export interface DoctorOptions {
  readonly remote?: string | undefined
}

/** From here on sessions cost others on the remote noticeable time at each push. */
const manySessions = 500

/** Never throws for what it finds: a check that fails is a finding. */
export async function examine(world: World, options: DoctorOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const check = async (name: string, look: () => Promise<Omit<Finding, 'name'>>) => {
    findings.push({ name, ...(await look().catch(asFinding)) })
  }
  await check('git', async () => ok(`version ${await gitVersion(world.env)}`))
  await check('device key', async () => {
    const key = await loadDevice(world)
    return ok(`${key.id} (${key.path ?? 'from the environment'})`)
  })
  await check('claude code', () => claudeFinding(world))
  await check('repository', () =>
    withWorkspace(world, options, async (ws) => {
      await check('remote', () => remoteFinding(ws))
      await check('store', () => storeFinding(ws))
      await check('hooks', () => hooksFinding(ws))
      await check('automatic', () => autoFinding(ws))
      return ok(ws.repo.top)
    }),
  )
  return findings
}

async function claudeFinding(world: World): Promise<Omit<Finding, 'name'>> {
  const claude = claudeHome(world.env, world.home, world.platform)
  const sessions = await findSessionsByPrefix(claude, '')
  const seen = new Set<SessionId>()
  const twice = sessions
    .filter((each) => seen.size === seen.add(each.session).size)
    .map((each) => each.session)
  if (twice.length > 0) {
    return warning(
      `${twice.length} sessions lie in two project folders: ${twice[0]}`,
      `git teleport pull ${twice[0]}`,
    )
  }
  return ok(`${sessions.length} sessions in ${claude.config}`)
}

async function remoteFinding(ws: Workspace): Promise<Omit<Finding, 'name'>> {
  const indexes = await ws.store.refs.fetch([patterns.indexes])
  const detail = `${ws.remote.name} (${ws.remote.url}), ${indexes.size} ${indexes.size === 1 ? 'device' : 'devices'}`
  return ok(detail)
}

async function storeFinding(ws: Workspace): Promise<Omit<Finding, 'name'>> {
  if (!(await isStoreWhole(ws.store))) {
    throw new TeleportError('store-damaged', `${ws.store.dir} lacks objects, or holds broken ones`, {
      hint: `mv '${ws.store.dir}' '${ws.store.dir}.old'   (the next command makes a new one)`,
    })
  }
  const { bytes, packs, loose } = await storeSize(ws.store.dir)
  const recorded = (await ws.store.refs.seenAll('sessions')).size
  const detail = `${Math.ceil(bytes / 1024)} kB, ${packs} packs, ${loose} loose objects, ${recorded} sessions`
  if (recorded > manySessions) return warning(detail, 'git teleport rm <session>')
  if (packs > 50 || loose > 5000) return warning(detail, 'git teleport prune')
  return ok(detail)
}

async function hooksFinding(ws: Workspace): Promise<Omit<Finding, 'name'>> {
  const { installed, auto, unsent } = await automationOf(ws, null)
  if (installed === 'no') return ok('not installed: commits are tied to sessions only when they are pushed')
  if (installed === 'partly') {
    return warning(
      'another tool has overwritten some, or they are of another version',
      'git teleport hook install',
    )
  }
  return ok(`installed, teleport.auto is ${auto}, links not sent yet: ${unsent}`)
}

async function autoFinding(ws: Workspace): Promise<Omit<Finding, 'name'>> {
  const { remote, readableBy, movedFrom, waiting } = await autoStatus(ws)
  if (remote === null) return ok('off: conversations are sent when somebody pushes them')
  if (movedFrom !== null) {
    return warning(
      `${remote.name} is another place than when it was turned on, so nothing is sent`,
      `git teleport auto ${remote.name}`,
    )
  }
  const detail = `conversations go to ${remote.name}, for ${readableBy.join(', ')}`
  if (waiting.length === 0) return ok(detail)
  return warning(
    `${detail}; not sent yet: ${waiting.length}`,
    `git teleport push --remote ${remote.name} ${waiting[0]}`,
  )
}

function ok(detail: string): Omit<Finding, 'name'> {
  return { level: 'ok', detail, hint: null }
}

function warning(detail: string, hint: string): Omit<Finding, 'name'> {
  return { level: 'warning', detail, hint }
}

function asFinding(error: unknown): Omit<Finding, 'name'> {
  if (!(error instanceof TeleportError)) throw error
  return { level: 'problem', detail: error.message, hint: error.hint ?? null }
}
