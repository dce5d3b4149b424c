/** The public keys that a host shows for one of its users. Fetched only to propose lines to people, who look at them. */

import { fingerprint } from '../crypto/recipient.ts'
import { parseSshPublicKey, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { fetchText } from '../git-store/web-text.ts'
import type { World } from './world.ts'

const maxBytes = 256 * 1024
const maxKeys = 50

const knownHosts: Readonly<Record<string, string>> = {
  github: 'https://github.com',
  gitlab: 'https://gitlab.com',
}

/**
 * Where `github:ada` has its keys. `base` is the user's `teleport.keysUrl`, for a host of one's own; it stands in for the
 * named one. Throws `usage`.
 */
export function keysUrlOf(from: string, base: string | undefined): string {
  const [, host, user] = /^(?:([a-z]+):)?([A-Za-z0-9][A-Za-z0-9._-]{0,99})$/.exec(from) ?? []
  const known = host === undefined ? undefined : knownHosts[host]
  if (user === undefined || (host !== undefined && known === undefined)) {
    throw new TeleportError(
      'usage',
      `"${from.slice(0, 60)}" is not of the form github:<user> or gitlab:<user>`,
      {
        hint: 'git teleport member add <principal> --keys-url https://<host>/<user>.keys',
      },
    )
  }
  const start = base ?? known
  if (start !== undefined) return `${start.replace(/\/+$/, '')}/${user}.keys`
  throw new TeleportError('usage', `no host is known for the user ${user}`, {
    hint: 'git config --global teleport.keysUrl https://<host>',
  })
}

export interface PublishedKeys {
  readonly keys: readonly { readonly key: SshPublicKey; readonly fingerprint: string }[]
  /** Lines of other types, which can sign and not decrypt. */
  readonly unusable: number
}

/** https only, but for this very machine. Throws `usage` and `failed`. */
export async function fetchPublishedKeys(world: World, url: string): Promise<PublishedKeys> {
  const lines = (await fetchText(requireWebUrl(url), maxBytes, world.signal))
    .split('\n')
    .filter((line) => line.trim() !== '')
  if (lines.length > maxKeys) throw new TeleportError('failed', `${url} has more than ${maxKeys} keys`)
  const keys = lines.flatMap((line) => {
    const key = usableKey(line.trim())
    return key ? [{ key, fingerprint: fingerprint(key) }] : []
  })
  return { keys, unusable: lines.length - keys.length }
}

function usableKey(line: string): SshPublicKey | null {
  try {
    return parseSshPublicKey(line)
  } catch (error) {
    if (hasCode(error, 'bad-key')) return null
    throw error
  }
}

function requireWebUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const here = url !== undefined && /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && here)) return url
  throw new TeleportError('usage', `"${text.slice(0, 80)}" is not an https:// address`, {
    hint: 'git teleport member add <principal> --keys-url https://<host>/<user>.keys',
  })
}
