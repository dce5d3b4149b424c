/** Brings the conversations behind commits, where so far only an index told of them. */

import type { Ties } from './direct-ties.ts'
import { fetchLinks } from './fetch-links.ts'
import type { FoundTies } from './find-ties.ts'
import type { LinkIndex } from './link-index.ts'
import type { Workspace } from './workspace.ts'

/** For those who need the conversations themselves: fetches what the ties name and only an index told of. */
export async function bringTied(ws: Workspace, found: FoundTies, offline: boolean): Promise<FoundTies> {
  const all = [...found.ties.values()].flat().map(({ session }) => session)
  const missing = [...new Set(all)].filter(({ known, behind }) => behind && known !== 'sealed')
  if (missing.length === 0) return found
  if (offline) {
    const named = missing.map(({ session }) => session)
    ws.world.note(
      `not fetched, so what was asked there is not known: git teleport fetch ${named.slice(0, 5).join(' ')}`,
    )
    return found
  }
  const index = await fetchLinks(
    ws,
    found.index,
    missing.map(({ session }) => session),
  )
  return { ...found, index, ties: renewed(found.ties, index) }
}

/** The same ties with what is known of their sessions and links now. */
function renewed(ties: Ties, index: LinkIndex): Ties {
  return new Map(
    [...ties].map(([oid, each]) => [
      oid,
      each.map((tie) => {
        const session = index.sessions.get(tie.session.session) ?? tie.session
        const link = session.links.find(({ commit }) => commit === tie.link.commit) ?? tie.link
        return { ...tie, session, link: tie.link.time === null ? link : tie.link }
      }),
    ]),
  )
}
