/** What the policy forbids, refused here: which remotes, who may push, for how long. */

import { TeleportError } from '../errors.ts'
import type { PolicySettings } from '../model.ts'
import { matchesRemote, matchesTarget } from '../trust/remote-pattern.ts'
import { lifetimeText, settingKeys } from '../trust/settings.ts'
import { type EffectivePolicy, effectivePolicy, type PolicySource } from './effective-policy.ts'
import { isMemberAt, teamPolicy } from './team.ts'
import type { Workspace } from './workspace.ts'

/**
 * To be called before the remote is spoken to: refuses by what is known already, and asks for the remote's HEAD, so that
 * the answer is there when `followPolicy` wants it.
 */
export async function beginPolicy(ws: Workspace): Promise<void> {
  requireAllowedRemote(ws, await effectivePolicy(ws, await teamPolicy(ws, 'pinned')))
  ws.expectRemoteHead()
}

/** The policy as the remote has it now. Throws `not-allowed`, and what `teamPolicy` throws. */
export async function followPolicy(ws: Workspace): Promise<EffectivePolicy> {
  const policy = await effectivePolicy(ws, await teamPolicy(ws, 'fresh'))
  requireAllowedRemote(ws, policy)
  return policy
}

/** `followPolicy` for a push signed by the key `recipient`. Throws `not-allowed`. */
export async function followPushPolicy(
  ws: Workspace,
  recipient: string,
  { withChanges = false }: { readonly withChanges?: boolean } = {},
): Promise<EffectivePolicy> {
  const policy = await followPolicy(ws)
  requireMayPush(ws, policy, isMemberAt(await teamPolicy(ws, 'fresh'), recipient, ws.world.now())?.principal)
  if (ws.world.background && policy.allowAutomation.value === false) {
    throw notAllowed('allowAutomation', policy, 'forbids pushes that nobody asked for', 'git teleport push')
  }
  if (withChanges && policy.allowChanges.value === false) {
    const what = 'keeps uncommitted and unpushed work at home'
    throw notAllowed('allowChanges', policy, what, 'git teleport push   (without --with-changes)')
  }
  return policy
}

function requireMayPush(ws: Workspace, policy: EffectivePolicy, principal: string | undefined): void {
  const { value: allowed } = policy.mayPush
  if (allowed.length === 0 || (principal !== undefined && allowed.includes(principal))) return
  const who = principal ?? 'this device, which is no member’s'
  throw notAllowed('mayPush', policy, `does not let ${who} push to ${ws.remote.name}`, 'git teleport policy')
}

function requireAllowedRemote(ws: Workspace, policy: EffectivePolicy): void {
  // Whoever opens a direct way has held it to `to.allowed` before.
  if (ws.remote.direct) return
  const { value: patterns } = policy.allowedRemotes
  if (patterns.length === 0 || patterns.some((pattern) => matchesRemote(pattern, ws.remote.url))) return
  throw notAllowed('allowedRemotes', policy, `does not name the URL of ${ws.remote.name}`, 'git remote -v')
}

/** @param place `here`, or the URL of a target. Throws `not-allowed`. */
export function requireRunAllowed(policy: EffectivePolicy, place: string): void {
  const { value: patterns } = policy.runAllowed
  if (patterns.length === 0 || patterns.some((pattern) => matchesTarget(pattern, place))) return
  const where = place === 'here' ? 'on this machine' : `on ${place}`
  throw notAllowed(
    'runAllowed',
    policy,
    `lets no session run in the background ${where}`,
    'git teleport policy',
  )
}

const usualExpiryDays = 30

/**
 * Days that a push may last: what was asked for, else the policy's default, else 30, none of them longer than the
 * policy's maximum. Null: for ever. Throws `not-allowed` when more was asked for.
 */
export function lifetimeFor(policy: EffectivePolicy, asked: number | null | undefined): number | null {
  const longest = policy.maxLifetimeDays.value
  if (asked === undefined)
    return Math.min(policy.defaultExpiryDays.value ?? usualExpiryDays, longest ?? Infinity)
  if (longest === null || (asked !== null && asked <= longest)) return asked
  throw tooLong(policy, longest)
}

/** What an earlier push fixed must still be allowed. Throws `not-allowed`. */
export function requireLifetime(policy: EffectivePolicy, expires: string | null, now: Date): void {
  const longest = policy.maxLifetimeDays.value
  if (longest === null) return
  if (expires !== null && Date.parse(expires) <= now.getTime() + longest * 24 * 3600_000) return
  throw tooLong(policy, longest)
}

function tooLong(policy: EffectivePolicy, longest: number): TeleportError {
  const time = lifetimeText(longest)
  return notAllowed(
    'maxLifetimeDays',
    policy,
    `lets a session live for ${time} at most`,
    `git teleport push --expires ${time}`,
  )
}

const sources: Readonly<Record<PolicySource, string>> = {
  managed: 'the managed policy of this machine',
  repository: 'the policy of the repository',
  user: 'your git configuration',
  default: 'git-teleport',
}

/** `not-allowed`, naming the key and where it is said. */
export function notAllowed(
  name: keyof PolicySettings,
  policy: EffectivePolicy,
  what: string,
  hint: string,
): TeleportError {
  const { source } = policy[name]
  const key = settingKeys[name]
  return new TeleportError('not-allowed', `${key} in ${sources[source]} ${what}`, {
    hint,
    data: { key, source },
  })
}
