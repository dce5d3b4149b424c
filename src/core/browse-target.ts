/** What a person names on the command line, as an address of the page. */

import path from 'node:path'
import { TeleportError } from '../errors.ts'
import { getCommit, resolveCommit } from '../git-store/history.ts'
import { trackedSize } from '../git-store/tracked-files.ts'
import { isSessionPrefix } from '../model.ts'
import type { Overview } from './browse-overview.ts'
import { ambiguous } from './choose-session.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'

/** Throws `ambiguous-name`, `ambiguous-session`, and `no-session` for what is neither session, commit nor file. */
export async function placeOf(
  ws: Workspace,
  { sessions }: Overview,
  wanted: string | undefined,
): Promise<string> {
  if (wanted === undefined) return '/'
  const prefix = wanted.toLowerCase()
  const fitting = sessions
    .map(({ session }) => session)
    .filter((id) => isSessionPrefix(prefix) && id.startsWith(prefix))
  const history = await openHistory(ws)
  const commit = await resolveCommit(history, wanted)
  const [first, second] = fitting
  if (first === prefix) return `/session/${first}`
  if (first && commit) {
    throw new TeleportError('ambiguous-name', `"${wanted}" is a commit and the beginning of a session`, {
      hint: `git teleport web ${first}   (the session), git teleport web ${commit}   (the commit)`,
      data: { commit, sessions: fitting },
    })
  }
  if (second) throw ambiguous(`"${wanted}" fits ${fitting.length} sessions`, fitting)
  if (first) return `/session/${first}`
  if (commit) return `/commit/${commit}`
  const [, name = wanted, line] = /^([\s\S]+):(\d{1,8})$/.exec(wanted) ?? []
  const file = path.relative(ws.repo.top, path.resolve(ws.world.cwd, name)).split(path.sep).join('/')
  const head = await getCommit(history, 'HEAD')
  if (file !== '' && !file.startsWith('../') && (await trackedSize(history, head, file)) !== undefined)
    return `${fileAddress(file)}${line === undefined ? '' : `#L${line}`}`
  throw new TeleportError('no-session', `"${wanted}" is no session, no commit and no file of HEAD`, {
    hint: 'git teleport list',
  })
}

function fileAddress(file: string): string {
  return `/file/${file.split('/').map(encodeURIComponent).join('/')}`
}
