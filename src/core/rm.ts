/** `rm`: takes a session off the remote now, and leaves a tombstone in this device's index. */

import { TeleportError } from '../errors.ts'
import { indexRef, sessionRef } from '../git-store/refs.ts'
import type { IndexEntry, SessionId } from '../model.ts'
import { loadDevice } from './device.ts'
import { acceptIndex, changeIndex, refreshIndex } from './device-index.ts'
import { knownPeople } from './people.ts'
import { currentState } from './records.ts'
import { findRemoteSession } from './remote-session.ts'
import { judgeTip, type OpenTip, openTip, readTip } from './tip.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'
import { author } from './write-commit.ts'

export interface RemoveOptions {
  readonly session: string
  readonly remote?: string | undefined
}

export interface RemoveResult {
  readonly session: SessionId
  readonly ref: string
  readonly title: string | null
}

const maxAttempts = 5

/** The copy on this machine stays as it is. Asks first: others may not have fetched it yet. */
export async function removeSession(world: World, options: RemoveOptions): Promise<RemoveResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    const device = await loadDevice(world, ws.repo)
    const people = await knownPeople(ws, device, 'fresh')
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const found = await findRemoteSession(ws, options.session)
      const state = await currentState(ws, found.session)
      const tip = await readTip(ws, found.session, found.commit)
      await judgeTip(ws, tip, { ...people, state, allowExpired: true })
      const open = await openTip(ws, tip, device)
      if (attempt === 1) await ask(ws, open)
      const person = await author(ws)
      const index = await changeIndex(ws, device, person, {
        entries: [tombstone(ws, open)],
        readers: open.manifest.readers,
        repo: open.manifest.repo,
        policy: people.team?.commit ?? null,
        action: 'remove',
      })
      const ref = sessionRef(found.session)
      const outcome = await ws.store.refs.push(
        [{ ref, expected: found.commit, next: null }, index],
        world.progress,
      )
      if (outcome.kind === 'moved') {
        if (outcome.refs.includes(indexRef(device.id))) await refreshIndex(ws, device)
        continue
      }
      await acceptIndex(ws, index)
      world.progress.done()
      return { session: found.session, ref, title: open.manifest.title }
    }
    throw new TeleportError(
      'remote-moved',
      `${ws.remote.name} changed during each of ${maxAttempts} attempts`,
      {
        hint: `git teleport rm ${options.session}`,
      },
    )
  })
}

async function ask(ws: Workspace, tip: OpenTip): Promise<void> {
  const what = `session ${tip.session} (${tip.manifest.title ?? 'no title'}) from ${ws.remote.url}`
  if (await ws.world.confirm(`Remove ${what}? Machines that have not pulled it will not be able to.`)) return
  throw new TeleportError('interrupted', 'nothing was removed')
}

function tombstone(ws: Workspace, tip: OpenTip): IndexEntry {
  const origin = tip.manifest.origins.at(-1)
  return {
    format: 1,
    session: tip.session,
    state: 'removed',
    commit: null,
    seq: tip.trailers.seq + 1,
    title: tip.manifest.title,
    author: origin?.principal ?? '',
    host: ws.world.hostname,
    branch: tip.manifest.links.at(-1)?.branch ?? null,
    messages: 0,
    bytes: tip.manifest.files.bytes,
    updated: formatTime(ws.world.now()),
    expires: null,
    holder: null,
    commits: [],
  }
}
