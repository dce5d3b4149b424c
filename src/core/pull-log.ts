/** What was restored on this machine: one line for each pull, in the store; and, where the policy asks, in the index. */

import { appendFile, readFile } from 'node:fs/promises'
import { errnoOf, fileError } from '../errors.ts'
import { type DeviceId, isDeviceId, isOid, isSessionId, type Oid, type SessionId } from '../model.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

export interface LoggedPull {
  readonly time: string
  readonly session: SessionId
  readonly seq: number
  readonly commit: Oid
  /** The device that signed it. */
  readonly device: DeviceId
}

export async function logPull(ws: Workspace, pull: Omit<LoggedPull, 'time'>): Promise<void> {
  const line = [formatTime(ws.world.now()), pull.session, pull.seq, pull.commit, pull.device].join(' ')
  await appendFile(fileOf(ws), `${line}\n`, { mode: 0o600 }).catch((error: unknown) => {
    throw fileError(error, 'writing the log of pulls')
  })
}

/** Oldest first; lines that make no sense are left out. */
export async function readPullLog(ws: Workspace): Promise<readonly LoggedPull[]> {
  const text = await readFile(fileOf(ws), 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return ''
    throw fileError(error, 'reading the log of pulls')
  })
  return text.split('\n').flatMap((line) => {
    const [time = '', session = '', seq = '', commit = '', device = ''] = line.split(' ')
    const fits = isSessionId(session) && isOid(commit) && isDeviceId(device) && /^\d+$/.test(seq)
    return fits ? [{ time, session, seq: Number(seq), commit, device }] : []
  })
}

function fileOf(ws: Workspace): string {
  return ws.store.path('pull-log')
}
