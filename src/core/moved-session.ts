/** What a model should know of a conversation that was brought here: its earlier messages speak of another machine. */

import type { Origin, SessionId } from '../model.ts'
import { readRecord } from './records.ts'
import type { Workspace } from './workspace.ts'

/**
 * One line; null for a conversation that was here all the time. Names and folders are somebody else's words, told to a
 * model: such as could hold a sentence are left out.
 */
export async function movedLine(ws: Workspace, session: SessionId): Promise<string | null> {
  const { current, pending } = await readRecord(ws, session)
  const state = current ?? pending
  if (!state) return null
  const { manifest, origin: here } = state
  const used = manifest.segments.flatMap(({ origin }) => manifest.origins[origin] ?? [])
  const foreign = used.toReversed().filter((origin) => !isSamePlace(origin, here))
  const [last] = foreign
  if (!last) return null
  const pairs = new Map(foreign.toReversed().flatMap((origin) => moves(origin, here)))
  const folders = [...pairs].slice(0, mostPairs).map(([from, to]) => `${from} is ${to} here`)
  const link = manifest.links.reduce(
    (newest, each) => (newest && newest.time > each.time ? newest : each),
    manifest.links[0],
  )
  const commit = link
    ? ` It was last sent at commit ${link.commit.slice(0, 12)}; ${headText(ws, link.commit)}.`
    : ''
  const where = folders.length > 0 ? ` Earlier messages name its folders: ${folders.join(', ')}.` : ''
  return `git-teleport brought this conversation here from ${plain(last.host) ?? 'another machine'} (${plain(last.principal) ?? 'somebody'}).${where}${commit}`
}

const mostPairs = 4

function isSamePlace(a: Origin, b: Origin): boolean {
  return a.device === b.device && a.root === b.root && a.home === b.home && a.config === b.config
}

/** The folder that holds another one comes last, so that whoever reads takes the longest. */
function moves(from: Origin, to: Origin): readonly (readonly [string, string])[] {
  const pairs = [
    [from.root, to.root],
    [from.config, to.config],
    [from.home, to.home],
  ] as const
  return pairs.filter(([a, b]) => a !== b && plain(a) !== null && plain(b) !== null)
}

/** Null for what is longer than a name, or has a blank in it. */
function plain(text: string): string | null {
  return /^[\p{L}\p{N}._@+~:/\\-]{1,200}$/u.test(text) ? text : null
}

function headText({ repo }: Workspace, commit: string): string {
  if (repo.head === null) return 'this checkout has no commit yet'
  return repo.head === commit
    ? 'this checkout is at the same'
    : `this checkout is at ${repo.head.slice(0, 12)}`
}
