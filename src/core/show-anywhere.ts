/** `show` of a session wherever it is: what the remote has, verified; else, or when that is wanted, as it lies here. */

import { liveClients } from '../claude/live.ts'
import {
  findSession,
  findSessionsByPrefix,
  newestCopies,
  type SessionFile,
  sessionsOfWorktree,
} from '../claude/locate.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { chooseOfRemote } from './choose-remote-session.ts'
import { ambiguous, chooseSession } from './choose-session.ts'
import { listIn } from './list.ts'
import { type LocalSession, readLocalFile } from './local-reading.ts'
import type { Reading } from './reading.ts'
import { askForEither } from './session-choice.ts'
import { findShown, type ShownHead, type ShowOptions, showFound } from './show.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ShowAnywhereOptions extends ShowOptions {
  /** The copy of this machine, also when the remote has the session. */
  readonly here?: boolean
}

export interface Heads {
  remote(shown: ShownHead): Promise<void>
  local(shown: LocalSession): Promise<void>
}

/** Errors as of `showSession`, for what is not here either. */
export async function showAnywhere(
  world: World,
  options: ShowAnywhereOptions,
  heads: Heads,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  await withWorkspace(world, options, async (ws) => {
    const showHere = (file: SessionFile) =>
      readLocalFile(ws, file, options, (shown) => heads.local(shown), read)
    if (options.here) return showHere(await chooseSession(ws, options.session, true))
    const wanted = options.session ?? (await chooseEither(ws, options))
    if (typeof wanted !== 'string') return showHere(wanted)
    const found = await findShown(ws, wanted, options).catch((error: unknown) => {
      if (hasCode(error, 'no-remote-session') || hasCode(error, 'session-gone')) return error
      throw error
    })
    if (!(found instanceof TeleportError))
      return showFound(ws, found, options, (shown) => heads.remote(shown), read)
    return showHere(await copyOf(ws, wanted, found))
  })
}

/** Throws `otherwise` when there is none, `ambiguous-session`. */
async function copyOf(ws: Workspace, wanted: string, otherwise: TeleportError): Promise<SessionFile> {
  const id = wanted.toLowerCase()
  const files = isSessionId(id) ? await findSession(ws.claude, id) : await findSessionsByPrefix(ws.claude, id)
  if (files.length === 0) throw otherwise
  return chooseSession(ws, wanted)
}

/**
 * Of the remote's sessions and those of this work tree that it does not list. Where nobody can be asked, what the remote
 * has goes first. Throws `no-remote-session`, `ambiguous-session`.
 */
async function chooseEither(ws: Workspace, { offline }: ShowOptions): Promise<SessionId | SessionFile> {
  const listed = await listIn(ws, { offline })
  const known = new Set(listed.map(({ session }) => session))
  const copies = newestCopies(await sessionsOfWorktree(ws.claude, ws.repo.top))
  const own = [...copies.values()].filter(({ session }) => !known.has(session))
  const [only, another] = own
  if (!only) return chooseOfRemote(ws, listed)
  if (listed.length === 0 && !another) return only
  const open = new Set((await liveClients(ws.claude)).map(({ session }) => session))
  const chosen = await askForEither(ws, 'Which session?', listed, own, open)
  if (chosen) return chosen
  if (listed.length > 0) return chooseOfRemote(ws, listed)
  throw ambiguous(
    `${own.length} sessions of this work tree are here`,
    own.map(({ session }) => session),
  )
}
