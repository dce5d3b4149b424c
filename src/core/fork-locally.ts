/** Gives the session on this machine a new id, so that it can go its own way. */

import { collectSession } from '../claude/collect.ts'
import { beginInstall, type Installation } from '../claude/install.ts'
import { liveClients } from '../claude/live.ts'
import { localPath } from '../claude/local-name.ts'
import { findSession, type SessionFile } from '../claude/locate.ts'
import { relocateContent } from '../claude/relocate.ts'
import { type Here, planRelocation, type Relocation } from '../claude/relocation.ts'
import { TeleportError } from '../errors.ts'
import { asDeviceId, type LocalFile, parseSessionId, type SessionId } from '../model.ts'
import { installFolder, type Workspace } from './workspace.ts'

/** Returns the copy under its new id. The one under the old id goes to the backup, so that it can be pulled again. */
export async function forkLocally(ws: Workspace, file: SessionFile): Promise<SessionFile> {
  const { claude } = ws
  const open = (await liveClients(claude)).find((client) => client.session === file.session)
  if (open) {
    throw new TeleportError(
      'session-live',
      `session ${file.session} is open in a running client (process ${open.pid})`,
      {
        hint: `close it there, then run: git teleport push --fork ${file.session}`,
      },
    )
  }
  const collected = await collectSession(claude, file, { top: ws.repo.top, previousScan: null })
  const session = parseSessionId(ws.world.uuid())
  const here: Here = { ...collected.origin, session }
  const origin = { ...collected.origin, device: noDevice, principal: '', host: '' }
  const install = await beginInstall(claude, installFolder(ws), { session, now: ws.world.now() })
  try {
    const fork = {
      ws,
      here,
      relocation: planRelocation(origin, file.session, here),
      from: file.session,
      install,
    }
    for (const each of collected.files) await copyAs(fork, each)
    await install.commit()
  } finally {
    await install.abort()
  }
  const [copy] = await findSession(claude, session)
  if (copy) return copy
  throw new Error('the fork was installed and is not found')
}

/** The relocation looks at folders only. */
const noDevice = asDeviceId('a'.repeat(26))

interface Fork {
  readonly ws: Workspace
  readonly here: Here
  readonly relocation: Relocation
  readonly from: SessionId
  readonly install: Installation
}

async function copyAs(fork: Fork, file: LocalFile): Promise<void> {
  const { install, here, from } = fork
  const content = relocateContent(file.name, file.read(0, file.size), fork.relocation, {
    session: { from, to: here.session },
  })
  if (file.name === 'history.jsonl') return install.appendHistory(content)
  const target = localPath(fork.ws.claude, here, file.name, fork.relocation, file.path, true)
  if (target === null || target === file.localPath) return
  await install.stage(target, content)
  install.remove(file.localPath)
}
