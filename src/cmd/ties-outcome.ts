/** How a tie that was made or taken away is told. */

import type { Attached } from '../core/attach.ts'
import type { World } from '../core/world.ts'
import type { Outcome } from './command.ts'
import { plural, shortId } from './text.ts'
import { shortCommit } from './tie-text.ts'

/** What `attach` and `detach` print, each in its own words. */
export function tiesOutcome(
  world: World,
  done: Attached,
  dryRun: boolean,
  say: { readonly tied: string; readonly to: string },
): Outcome {
  const id = shortId(done.session)
  const json = { session: done.session, commits: done.commits, dryRun }
  if (!done.pushable) {
    world.note(`session ${id} is not on this machine, so only this clone knows: git teleport pull ${id}`)
  }
  const names = done.commits.map(shortCommit).join(' ')
  const text = dryRun
    ? `${id} would be ${say.tied} ${say.to} ${names}`
    : `${say.tied} ${id} ${say.to} ${plural(done.commits.length, 'commit')}: ${names}`
  return { json, text }
}
