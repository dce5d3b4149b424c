/** A remote that everybody can read: what is pushed there stays readable as ciphertext for ever, so somebody has to say so. */

import { check, flag, object, oneOf } from '../bundle/shape.ts'
import { TeleportError } from '../errors.ts'
import { isReadByAnybody } from '../git-store/anonymous-read.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import type { Workspace } from './workspace.ts'

const shape = object({ format: oneOf(1), public: flag, allowed: flag })

/**
 * Asks once for each remote, without any of the user's credentials, whether it lets itself be read. Throws
 * `public-remote` until a push says `--public`, which is remembered.
 */
export async function refuseUnknownPublic(ws: Workspace, said: boolean): Promise<void> {
  // A checkout that is reached by logging in to its machine.
  if (ws.remote.direct) return
  const file = ws.store.path('public', `${ws.remote.key}.json`)
  const stored = await readCachedJson(file)
  const known = stored === undefined ? null : check(shape, stored, file, 'store-damaged')
  if (known && (known.allowed || !known.public)) return
  if (said) {
    await writeJson(file, { format: 1, public: true, allowed: true })
    return
  }
  const url = webUrl(ws.remote.url)
  const asked = url !== null && ws.world.system.isPublicHost(new URL(url).hostname)
  if (!known && !(asked && (await isReadByAnybody(ws.repo, ws.remote, url)))) {
    // Whoever was let in just now with credentials, and not without, is at a private repository.
    await ws.remoteHead()
    if (!ws.world.signal.aborted) await writeJson(file, { format: 1, public: false, allowed: false })
    return
  }
  if (!known) await writeJson(file, { format: 1, public: true, allowed: false })
  throw new TeleportError(
    'public-remote',
    `${ws.remote.name} can be read by everybody: what is pushed there is encrypted, but anyone may keep a copy for ever, and sees sizes, times, who pushed and for how many`,
    { hint: 'if that is meant: git teleport push --public' },
  )
}

/**
 * The address at which a repository would be readable without a key: its own for http, for ssh the same path on the same
 * host, as the large hosts have it. Null for everything else.
 */
export function webUrl(url: string): string | null {
  const scp = /^(?:[^@/:]+@)?([A-Za-z0-9.-]+):(?!\/\/)\/?(.+)$/.exec(url)
  const [, host, path] = scp ?? []
  try {
    const parsed = new URL(host === undefined || path === undefined ? url : `https://${host}/${path}`)
    if (!['http:', 'https:', 'ssh:'].includes(parsed.protocol) || parsed.host === '') return null
    if (parsed.protocol === 'ssh:') return new URL(`https://${parsed.hostname}${parsed.pathname}`).href
    parsed.username = ''
    parsed.password = ''
    return parsed.href
  } catch {
    return null
  }
}
