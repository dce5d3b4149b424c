/** What was restored on this machine: one line for each pull, in the store; and, where the policy asks, in the index. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { appendLine, readLines } from '../git-store/line-log.ts'
import { type DeviceId, isDeviceId, isOid, isSessionId, type Oid, type SessionId } from '../model.ts'
import { acceptIndex, changeIndex, refreshIndex } from './device-index.ts'
import { effectivePolicy } from './effective-policy.ts'
import { again } from './own-sessions.ts'
import { knownPeople } from './people.ts'
import type { OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'
import { author } from './write-commit.ts'

export interface LoggedPull {
  readonly time: string
  readonly session: SessionId
  readonly seq: number
  readonly commit: Oid
  /** The device that signed it. */
  readonly device: DeviceId
}

/** Writes the line; with `audit.pulls` of the policy, this device's index says it too, for everybody who reads it. */
export async function notePull(ws: Workspace, device: DeviceKey, tip: OpenTip): Promise<void> {
  await logPull(ws, { session: tip.session, seq: tip.trailers.seq, commit: tip.commit, device: tip.device })
  const people = await knownPeople(ws, device, 'pinned')
  const { auditPulls } = await effectivePolicy(ws, people.team)
  if (!auditPulls.value) return
  await again(ws, `git teleport pull ${tip.session}`, async () => {
    const update = await changeIndex(ws, device, await author(ws), {
      entries: [],
      readers: tip.manifest.readers,
      repo: tip.manifest.repo,
      session: tip.session,
      policy: people.team?.commit ?? null,
      action: 'pull',
    })
    const outcome = await ws.store.refs.push([update], ws.world.progress)
    if (outcome.kind === 'moved') {
      await refreshIndex(ws, device)
      return null
    }
    await acceptIndex(ws, update)
    return update
  })
}

async function logPull(ws: Workspace, pull: Omit<LoggedPull, 'time'>): Promise<void> {
  const line = [formatTime(ws.world.now()), pull.session, pull.seq, pull.commit, pull.device].join(' ')
  await appendLine(fileOf(ws), line)
}

/** Oldest first; lines that make no sense are left out. */
export async function readPullLog(ws: Workspace): Promise<readonly LoggedPull[]> {
  return (await readLines(fileOf(ws))).flatMap((line) => {
    const [time = '', session = '', seq = '', commit = '', device = ''] = line.split(' ')
    const fits = isSessionId(session) && isOid(commit) && isDeviceId(device) && /^\d+$/.test(seq)
    return fits ? [{ time, session, seq: Number(seq), commit, device }] : []
  })
}

function fileOf(ws: Workspace): string {
  return ws.store.path('pull-log')
}
