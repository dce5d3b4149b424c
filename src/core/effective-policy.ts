/** What holds here: managed policy over the repository's over the user's, each value with where it comes from. */

import { gitConfig } from '../git-store/user-repo.ts'
import type { PolicySettings, TeamPolicy } from '../model.ts'
import { noSettings, userSettings } from '../trust/settings.ts'
import { readManagedPolicy } from './managed-policy.ts'
import type { Workspace } from './workspace.ts'

/** `default`: nobody says anything. */
export type PolicySource = 'managed' | 'repository' | 'user' | 'default'

export interface Sourced<T> {
  readonly value: T
  readonly source: PolicySource
}

/** Each setting with its source. */
export type EffectivePolicy = { readonly [Key in keyof PolicySettings]: Sourced<PolicySettings[Key]> }

/** Throws `bad-policy` for a managed file that cannot be read, `usage` for a user's setting that makes no sense. */
export async function effectivePolicy(ws: Workspace, team: TeamPolicy | null): Promise<EffectivePolicy> {
  const layers: readonly Layer[] = [
    { source: 'managed', settings: (await readManagedPolicy(ws.world)).settings },
    { source: 'repository', settings: team?.settings ?? noSettings },
    { source: 'user', settings: userSettings(await gitConfig(ws.repo)) },
  ]
  return {
    allowedRemotes: first(layers, 'allowedRemotes'),
    maxLifetimeDays: first(layers, 'maxLifetimeDays'),
    defaultExpiryDays: first(layers, 'defaultExpiryDays'),
    requiredReaders: first(layers, 'requiredReaders'),
    mustSign: first(layers, 'mustSign'),
    mustRedact: first(layers, 'mustRedact'),
    mayPush: first(layers, 'mayPush'),
    allowChanges: first(layers, 'allowChanges'),
    allowAutomation: first(layers, 'allowAutomation'),
    auditPulls: first(layers, 'auditPulls'),
    runAllowed: first(layers, 'runAllowed'),
    repository: first(layers, 'repository'),
    toAllowed: first(layers, 'toAllowed'),
  }
}

interface Layer {
  readonly source: PolicySource
  readonly settings: PolicySettings
}

/** The first layer that says anything about `name`. */
function first<Name extends keyof PolicySettings>(
  layers: readonly Layer[],
  name: Name,
): Sourced<PolicySettings[Name]> {
  for (const { source, settings } of layers) {
    const value = settings[name]
    const said = value !== null && !(Array.isArray(value) && value.length === 0)
    if (said) return { value, source }
  }
  return { value: noSettings[name], source: 'default' }
}
