/** Puts in order what a pull of code left when it was killed. */

import { hasCode } from '../errors.ts'
import { recoverWorktree } from '../git-store/add-worktree.ts'
import { readCodeJournal, removeCodeJournal } from '../git-store/code-journal.ts'
import { withScratch } from '../git-store/scratch.ts'
import type { Store } from '../git-store/store.ts'
import { recoverCheckout } from '../git-store/switch-code.ts'
import { openUserRepo, type UserRepo } from '../git-store/user-repo.ts'
import type { World } from './world.ts'

interface Opened {
  readonly world: World
  readonly repo: UserRepo
  readonly store: Store
}

/** Under the store's lock. Says what it did; a work tree in which somebody went on since is left alone. */
export async function recoverCode({ store, repo, world }: Opened): Promise<void> {
  const journal = await readCodeJournal(store)
  if (journal === undefined) return
  if (journal.kind === 'worktree') {
    const kept = await recoverWorktree(repo, store, journal)
    world.note(
      `an interrupted pull was put in order: the work tree ${journal.dir} is ${kept ? 'whole' : 'not there'}`,
    )
    return
  }
  const there = await openUserRepo(journal.top, world.env, { background: world.background }).catch(
    (error: unknown) => {
      if (hasCode(error, 'no-repository')) return undefined
      throw error
    },
  )
  if (there === undefined || there.commonDir !== repo.commonDir) return removeCodeJournal(store)
  const outcome = await withScratch({ ...store, repo: there }, (scratch) =>
    recoverCheckout(there, store, scratch, journal),
  )
  if (outcome === 'back')
    world.note(`an interrupted pull was put in order: ${journal.top} is as it was before`)
  if (outcome === 'touched')
    world.note(
      `a pull into ${journal.top} was interrupted, and something changed there since; to go back: git reset --hard ${journal.head}`,
    )
}
