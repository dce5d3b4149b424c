/** Whether the code of a session may be put on this machine, by who sent it. */

import { TeleportError } from '../errors.ts'
import type { Scratch } from '../git-store/scratch.ts'
import type { StagedCode } from '../git-store/stage-code.ts'
import type { SessionState } from '../model.ts'
import type { World } from './world.ts'

export interface ConsentOptions {
  readonly tier: SessionState['tier']
  /** Shows what would be asked about, and asks nothing. */
  readonly dryRun: boolean
}

/**
 * One's own code needs no question. Another member's is a checkout of their commits with files that nobody reviewed:
 * what that changes is shown, also where `--yes` answers, and a person has to say yes. Throws `needs-confirmation`.
 */
export async function requireConsent(
  world: World,
  scratch: Scratch,
  code: StagedCode,
  { tier, dryRun }: ConsentOptions,
): Promise<void> {
  if (tier === 'exact') return
  world.show(await summary(scratch, code))
  if (dryRun || (await world.confirm('Put this code of another member on this machine?'))) return
  throw new TeleportError('needs-confirmation', 'the code of another member was not wanted', {
    hint: 'pull without --checkout and --worktree to have the conversation alone',
  })
}

const mostLines = 40

/** The commit, and what it and the uncommitted changes do to what the remote has. */
async function summary(
  scratch: Scratch,
  { state, head, worktreeTree }: StagedCode,
): Promise<readonly string[]> {
  const [known] = state.needs
  const base = known ?? (await scratch.git(['hash-object', '-t', 'tree', '--stdin'], { input: '' }))
  const stat = await scratch.git([
    ...['diff-tree', '--stat=100', '--no-ext-diff', '--no-textconv', '--no-renames', '-r'],
    ...[base.toString().trimEnd(), worktreeTree],
  ])
  const lines = stat.toString().split('\n').filter(Boolean)
  const cut = lines.length > mostLines ? [...lines.slice(0, mostLines), '…', lines.at(-1) ?? ''] : lines
  const { commits, staged, unstaged, untracked } = state.counts
  const since = known === undefined ? '' : ` since ${known.slice(0, 12)}`
  return [
    `code of another member: commit ${head.slice(0, 12)}${state.branch === null ? '' : ` of ${state.branch}`}`,
    ` not pushed${since}: ${commits} commits; staged: ${staged}, unstaged: ${unstaged}, untracked: ${untracked}; together`,
    ...(cut.length === 0 ? [' nothing is changed'] : cut),
  ]
}
