/** The redactor as this machine makes it for one session: with the secrets that it knows, and the session's own labels. */

import { createHmac, randomBytes } from 'node:crypto'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import type { SessionId } from '../model.ts'
import { collectKnownValues } from '../redact/local-values.ts'
import { createRedactor, type Redactor } from '../redact/redactor.ts'
import type { Workspace } from './workspace.ts'

/** @param launch the folder that the session was launched in: its `.env` files count too */
export async function sessionRedactor(ws: Workspace, session: SessionId, launch: string): Promise<Redactor> {
  const { env, home } = ws.world
  const knownValues = await collectKnownValues({ env, home, folders: [ws.repo.top, launch] })
  const hmacKey = createHmac('sha256', await labelKey(ws))
    .update(session)
    .digest()
  return createRedactor({ knownValues, hmacKey })
}

/** Made at its first use. Another one does no harm: nothing depends on labels. */
async function labelKey(ws: Workspace): Promise<Buffer> {
  const file = ws.store.path('labels.json')
  const known = await readCachedJson(file)
  const text = typeof known === 'object' && known !== null && 'key' in known ? known.key : undefined
  const key = Buffer.from(typeof text === 'string' ? text : '', 'base64')
  if (key.length === 32) return key
  const made = randomBytes(32)
  await writeJson(file, { format: 1, key: made.toString('base64') })
  return made
}
