/** A device key as people read it. Pure. */

import type { ShownKey } from '../core/key.ts'
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
