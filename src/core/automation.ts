/** What happens by itself after a commit, as the user's git configuration says and the policy allows. */

import { TeleportError } from '../errors.ts'
import { gitConfig } from '../git-store/user-repo.ts'
import { effectivePolicy } from './effective-policy.ts'
import { teamPolicy } from './team.ts'
import type { Workspace } from './workspace.ts'

export const autoModes = ['off', 'attach', 'push'] as const
/** `attach`: a commit's link goes with the next push of its session. `push`: the session is sent after each commit. */
export type AutoMode = (typeof autoModes)[number]

export const defaultWindow = '30m'

/** `teleport.auto`; `attach` where nothing is said. Throws `usage` for anything else. */
export async function autoMode(ws: Pick<Workspace, 'repo'>): Promise<AutoMode> {
  const said = (await gitConfig(ws.repo)).get('teleport.auto')?.at(-1)
  return said === undefined ? 'attach' : parseAutoMode(said)
}

/** Throws `usage`. */
export function parseAutoMode(text: string): AutoMode {
  const mode = autoModes.find((known) => known === text)
  if (mode !== undefined) return mode
  throw new TeleportError('usage', `teleport.auto is "${text.slice(0, 40)}"`, {
    hint: `git teleport config auto ${autoModes.join('|')}`,
  })
}

/** `teleport.window`: how old a session's last message may be for a commit in a terminal to count as its. Milliseconds. */
export async function sessionWindowMs(ws: Pick<Workspace, 'repo'>): Promise<number> {
  return parseWindow((await gitConfig(ws.repo)).get('teleport.window')?.at(-1) ?? defaultWindow)
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `30m`, `2h`, `1d`, `0`. Throws `usage`. */
export function parseWindow(text: string): number {
  if (text === '0') return 0
  const [, number = '', unit = ''] = /^([1-9][0-9]{0,4})([mhd])$/.exec(text) ?? []
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(number) * unitMs[unit]
  throw new TeleportError('usage', `teleport.window is "${text.slice(0, 40)}"`, {
    hint: 'git teleport config window 30m',
  })
}

/** By the policy that was accepted last: a worker asks nobody. */
export async function automationAllowed(ws: Workspace): Promise<boolean> {
  const policy = await effectivePolicy(ws, await teamPolicy(ws, 'pinned'))
  return policy.allowAutomation.value !== false
}
