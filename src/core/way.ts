/** Opens the way to a target: who it is, whether the policy lets sessions go there, and what is known on this side. */

import type { SessionFile } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { type Channel, type ChannelOptions, openChannel } from '../git-store/channel.ts'
import { branchTips } from '../git-store/known-commits.ts'
import { resolveTarget } from '../git-store/resolve-target.ts'
import { type Target, targetPlace } from '../git-store/target.ts'
import { gitConfig, type UserRepo } from '../git-store/user-repo.ts'
import type { Oid } from '../model.ts'
import { matchesRemote, matchesTarget } from '../trust/remote-pattern.ts'
import { chooseSession } from './choose-session.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { effectivePolicy } from './effective-policy.ts'
import { followPolicy, notAllowed, requireRunAllowed } from './follow-policy.ts'
import { mostTips } from './greeting.ts'
import { readPin } from './policy-pin.ts'
import { projectIds } from './project-ids.ts'
import { teamPolicy } from './team.ts'
import { type Workspace, withLockedWorkspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface WayOptions {
  /** As the user names it: an address, a folder, or a name from `teleport.target.<name>`. */
  readonly target: string
  /** The project's remote, whose rules hold. */
  readonly remote?: string | undefined
  /** What git-teleport is called there. */
  readonly program?: string | undefined
  /** Version of this program. */
  readonly version: string
  /** What is to be done there, for the policy to allow: a session goes between here and there, or runs there. */
  readonly purpose?: 'run' | 'look'
}

export interface Way {
  readonly target: Target
  readonly channel: Channel
  /** What starts git-teleport there. */
  readonly program: readonly string[]
  readonly here: Here
}

/** What the checks compare with what the target says. */
export interface Here {
  readonly repo: UserRepo
  readonly device: DeviceKey
  /** Recipients of one's own devices. */
  readonly own: readonly string[]
  readonly repos: readonly string[]
  readonly tips: readonly Oid[]
  /** The session that is meant, where it is one of this side. */
  readonly file: SessionFile | null
}

/** Which session of this side is meant; null: one of the other side. */
export type LocalChoice = { readonly session: string | undefined; readonly ask: boolean } | null

/** Throws `usage` for no target, `not-allowed` for one that the policy does not name, and what choosing a session throws. */
export async function openWay(world: World, options: WayOptions, choice: LocalChoice): Promise<Way> {
  const found = await tryWay(world, options, choice, 'known')
  if (found) return found
  await seePolicyOnce(world, options)
  const opened = await tryWay(world, options, choice, 'asked')
  if (opened) return opened
  throw new TeleportError('bug', 'no way was opened')
}

/** Null where the project has a remote that was never asked for its rules, and `rules` wants them known. */
async function tryWay(
  world: World,
  options: WayOptions,
  choice: LocalChoice,
  rules: 'known' | 'asked',
): Promise<Way | null> {
  return withWorkspace(world, { remote: options.remote, direct: { lendsTo: [] } }, async (ws) => {
    if (rules === 'known' && ws.project !== null && (await readPin(ws)) === null) return null
    const target = await findTarget(ws, options.target)
    if (options.purpose === 'run') await requireRunThere(ws, target)
    else if (options.purpose === undefined) await requireAllowedTarget(ws, target)
    const channel = openChannel(target, await channelOptions(ws))
    const program = programThere(world, target, options.program)
    return { target, channel, program, here: await lookHere(ws, choice) }
  })
}

async function lookHere(ws: Workspace, choice: LocalChoice): Promise<Here> {
  const device = await loadDevice(ws.world, ws.repo)
  return {
    repo: ws.repo,
    device,
    own: await ownRecipients(ws.world, device),
    repos: await projectIds(ws),
    tips: await branchTips(ws.repo, mostTips),
    file: choice === null ? null : await chooseSession(ws, choice.session, choice.ask),
  }
}

/**
 * The rules of a project that this machine never asked about count too. Without the network nobody can ask, and then only
 * what is known here holds.
 */
async function seePolicyOnce(world: World, { remote }: WayOptions): Promise<void> {
  await withLockedWorkspace(world, { remote }, followPolicy).catch((error: unknown) => {
    // One that sessions may not travel through is not asked either.
    if (!hasCode(error, 'remote-access') && !hasCode(error, 'not-allowed')) throw error
    world.note(
      `the rules of this project are not known here, and its remote cannot be asked: ${error.message}`,
    )
  })
}

async function findTarget(ws: Workspace, named: string): Promise<Target> {
  const config = await gitConfig(ws.repo)
  const nickname = /^[A-Za-z][A-Za-z0-9-]*$/.test(named) ? named.toLowerCase() : undefined
  const address = nickname && config.get(`teleport.target.${nickname}`)?.at(-1)
  return resolveTarget(address ?? named, ws.world.cwd)
}

/** A policy that names the remotes which sessions may travel through, and says nothing of other places, allows no others. */
async function requireAllowedTarget(ws: Workspace, target: Target): Promise<void> {
  const policy = await effectivePolicy(ws, await teamPolicy(ws, 'pinned'))
  const place = targetPlace(target)
  const { value: targets } = policy.toAllowed
  const what = `does not name ${place}`
  if (targets.length > 0) {
    if (targets.some((pattern) => matchesTarget(pattern, place))) return
    throw notAllowed('toAllowed', policy, what, 'git teleport policy')
  }
  // What stays on this machine goes through nothing.
  if (target.kind === 'folder') return
  const { value: remotes } = policy.allowedRemotes
  if (remotes.length === 0 || remotes.some((pattern) => matchesRemote(pattern, place))) return
  throw notAllowed('allowedRemotes', policy, what, 'git teleport policy')
}

async function requireRunThere(ws: Workspace, target: Target): Promise<void> {
  requireRunAllowed(await effectivePolicy(ws, await teamPolicy(ws, 'pinned')), targetPlace(target))
}

async function channelOptions(ws: Workspace): Promise<ChannelOptions> {
  return {
    env: ws.world.env,
    cwd: ws.repo.top,
    signal: ws.world.signal,
    sshCommand: await sshCommand(ws),
  }
}

/** The order is git's. */
async function sshCommand({ world, repo }: Workspace): Promise<ChannelOptions['sshCommand']> {
  const { GIT_SSH_COMMAND, GIT_SSH } = world.env
  const line = GIT_SSH_COMMAND ?? (await gitConfig(repo)).get('core.sshcommand')?.at(-1)
  if (line) return { command: line, isShell: true }
  return GIT_SSH ? { command: GIT_SSH, isShell: false } : null
}

/** On this machine it is this very program, wherever it lies. */
function programThere(world: World, target: Target, named: string | undefined): readonly string[] {
  if (named !== undefined) return [named]
  return target.kind === 'folder' && world.program ? world.program : ['git-teleport']
}
