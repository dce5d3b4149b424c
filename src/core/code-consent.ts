/** Whether the code of a session may be put on this machine, by who sent it. */

import { TeleportError } from '../errors.ts'
import type { Scratch } from '../git-store/scratch.ts'
import type { StagedCode } from '../git-store/stage-code.ts'
import type { SessionState } from '../model.ts'
import type { World } from './world.ts'

/**
 * One's own code needs no question. Another member's is a checkout of their commit with files that nobody reviewed:
 * what it changes is shown, and a person has to say yes. Throws `needs-confirmation`, or `usage` for a no.
 */
export async function requireConsent(
  world: World,
  scratch: Scratch,
  code: StagedCode,
  tier: SessionState['tier'],
): Promise<void> {
  if (tier === 'exact') return
  const yes = await world.confirm(
    `${await summary(scratch, code)}\nPut this code of another member on this machine?`,
  )
  if (!yes) {
    throw new TeleportError('needs-confirmation', 'the code of another member was not wanted', {
      hint: 'pull without --checkout and --worktree to have the conversation alone',
    })
  }
}

const mostLines = 40

/** The commit, and what the uncommitted changes do to it. */
async function summary(scratch: Scratch, code: StagedCode): Promise<string> {
  const stat = await scratch.git([
    ...['diff-tree', '--stat=100', '--no-ext-diff', '--no-textconv', '--no-renames', '-r'],
    ...[code.headTree, code.worktreeTree],
  ])
  const lines = stat.toString().trimEnd().split('\n')
  const cut = lines.length > mostLines ? [...lines.slice(0, mostLines), '…', lines.at(-1) ?? ''] : lines
  const { commits } = code.state.counts
  return [`commit ${code.head}, ${commits} not on the remote; uncommitted:`, ...cut].join('\n')
}
