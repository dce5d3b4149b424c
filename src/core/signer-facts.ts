/** Who signed a session and whose words it holds, for people and for programs. */

import { fingerprint } from '../crypto/recipient.ts'
import type { DeviceId } from '../model.ts'
import { teamPolicy } from './team.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

export interface SignerFacts {
  readonly device: DeviceId
  readonly own: boolean
  /** `unknown`: nobody here believes this key. */
  readonly kind: 'own' | 'member' | 'unknown'
  /** By the team's policy; null for one's own devices and for keys that no member has. */
  readonly principal: string | null
  /** `SHA256:…`, as ssh-keygen prints it. */
  readonly fingerprint: string
}

export function describeSigner({ device, signer, signedBy }: TrustedTip): SignerFacts {
  return {
    device,
    own: signedBy.kind === 'own',
    kind: signedBy.kind,
    principal: 'principal' in signedBy ? signedBy.principal : null,
    fingerprint: fingerprint(signer),
  }
}

/**
 * Everybody else whose words the session holds: principals by the accepted policy, or `device <id>` for whom it does not
 * name. Empty when own devices wrote all of it.
 */
export async function otherWriters(ws: Workspace, tip: TrustedTip): Promise<readonly string[]> {
  const others = tip.manifest.segments.filter((segment) => !tip.exact.has(segment.name))
  if (others.length === 0) return []
  const team = await teamPolicy(ws, 'pinned')
  const names = others.map(
    ({ by }) => team?.members.find((key) => key.device === by)?.principal ?? `device ${by}`,
  )
  return [...new Set(names)].sort()
}
