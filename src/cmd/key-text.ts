/** A device key as people read it. Pure. */

import type { ShownKey } from '../core/key.ts'
import type { Rotation } from '../core/key-rotate.ts'
import { describeRewraps } from './rewrap-text.ts'
import { safe } from './text.ts'

export function describeKey(key: ShownKey): string {
  const others = key.others.map((other) => `other    ${other.device}  ${safe(other.publicKey)}`)
  return [
    `device   ${key.device}`,
    `key      ${safe(key.publicKey)}`,
    `file     ${safe(key.path ?? 'none: from the environment')}`,
    ...others,
  ].join('\n')
}

/** What the new key is, what moved, and what is left to do elsewhere. */
export function describeRotation(rotation: Rotation): string {
  const { old, signerLine, sessions, otherStores } = rotation
  const team =
    signerLine === null
      ? []
      : [
          'In .teleport/allowed_signers, if the team lists you, put',
          `  ${safe(signerLine)}`,
          `in the place of the line with`,
          `  ${safe(old.recipient)}`,
        ]
  return [
    `this device has a new key, ${rotation.device}; the old one is kept in ${safe(old.path)}`,
    '',
    ...(sessions.length > 0 ? [describeRewraps(sessions, false), ''] : []),
    'On your other devices, let the new key in, and take the line of the old one out of own_devices:',
    `  git teleport key trust "${safe(rotation.publicKey)}"`,
    ...team,
    ...(otherStores.length > 0 ? ['In your other repositories: git teleport rewrap --all'] : []),
  ].join('\n')
}
