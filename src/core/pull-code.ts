/** `pull --checkout` and `pull --worktree`: the code that a session was pushed at, beside the conversation. */

import { TeleportError } from '../errors.ts'
import { addWorktree, newFolder } from '../git-store/add-worktree.ts'
import type { BranchPlan } from '../git-store/branch-plan.ts'
import { chooseBranch, followUpstream } from '../git-store/branches.ts'
import { refuseInProgress } from '../git-store/capture-code.ts'
import { type Scratch, withScratch } from '../git-store/scratch.ts'
import {
  adoptObjects,
  type CodeFiles,
  fetchNeeded,
  missingCommits,
  type StagedCode,
  stageCode,
} from '../git-store/stage-code.ts'
import { countChanges, switchCode, withStash } from '../git-store/switch-code.ts'
import type { CodeCounts, Oid, SessionState } from '../model.ts'
import { requireConsent } from './code-consent.ts'
import { readCode } from './read-code.ts'
import type { OpenTip } from './tip.ts'
import { unstash, type WayBack, type Where, wayBack } from './way-back.ts'
import type { Workspace } from './workspace.ts'

export interface CodeWish {
  /** Switch the work tree that the command runs in. */
  readonly checkout?: boolean
  /** Make a new work tree in this folder. */
  readonly worktree?: string | undefined
}

export interface RestoredCode extends CodeCounts {
  /** Top of the work tree that has it. */
  readonly folder: string
  readonly isNew: boolean
  readonly commit: Oid
  /** What it stands on here; null: HEAD is detached. */
  readonly branch: string | null
  /** What the sender stood on. */
  readonly from: string | null
  /** Commands that bring back what was. */
  readonly wayBack: WayBack
}

/** Code that is checked and only has to be put in its place. */
export interface ReadyCode {
  /** Top of the work tree that it is for; the session goes on there. */
  readonly folder: string
  readonly isNew: boolean
  apply(): Promise<void>
  /** What `apply` did, or would do. */
  told(): RestoredCode
}

/**
 * Makes everything ready that can fail, the three checks of Claude Code's own teleport first: a clean work tree (here; a
 * new folder needs none), the same repository (judged with the session's signature), a commit that is to be had. Nothing
 * but objects is added to the repository before `apply`. Throws `not-clean`, `folder-exists`, `commit-missing`,
 * `damaged-bundle`, `unsafe-bundle`.
 */
export async function withCode<T>(
  ws: Workspace,
  tip: OpenTip,
  options: CodeWish & {
    readonly dryRun?: boolean
    readonly tier: SessionState['tier']
    /** A work tree that is gone by then. */
    readonly freed?: string | null
  },
  work: (code: ReadyCode | null) => Promise<T>,
): Promise<T> {
  const { worktree, dryRun = false } = options
  if (!options.checkout && worktree === undefined) return work(null)
  const folder = worktree === undefined ? ws.repo.top : await newFolder(ws.world.cwd, worktree)
  const stashed = worktree === undefined && (await requireClean(ws, dryRun))
  return withScratch(ws.store, async (scratch) => {
    const files = (await readCode(ws, tip, scratch)) ?? commitAlone(tip)
    await bringNeeded(ws, files, dryRun)
    const code = await stageCode(ws.repo, scratch, files)
    await requireConsent(ws.world, scratch, code, { tier: options.tier, dryRun })
    const here = worktree === undefined ? ws.repo.top : null
    const plan = await chooseBranch(ws.repo, scratch, code, tip.session.slice(0, 8), here, options.freed)
    const restored = describe(ws, code, plan, { folder, isNew: here === null })
    let told = restored
    return work({
      folder,
      isNew: here === null,
      told: () => told,
      async apply() {
        ws.world.progress.step('restoring the code')
        const put = () =>
          putInPlace(ws, scratch, { files, code, plan, folder: here === null ? folder : null })
        if (stashed) {
          const stash = await withStash(ws.repo, put)
          told = { ...restored, wayBack: [...restored.wayBack, unstash(stash)] }
        } else await put()
        if (plan.told !== null) ws.world.note(plan.told)
      },
    })
  })
}

/** True: there are changes, and the user wants them stashed. */
async function requireClean(ws: Workspace, dryRun: boolean): Promise<boolean> {
  refuseInProgress(ws.repo)
  const count = await countChanges(ws.repo)
  if (count === 0) return false
  const paths = count === 1 ? '1 path' : `${count} paths`
  const notClean = (cause?: unknown) =>
    new TeleportError('not-clean', `the work tree is not clean: ${paths} changed or untracked`, {
      hint: 'git stash push --include-untracked   (or restore beside it: git teleport pull --worktree <folder>)',
      data: { paths: count },
      ...(cause === undefined ? {} : { cause }),
    })
  if (dryRun) throw notClean()
  const question = `The work tree is not clean: ${paths} changed or untracked. Put them aside with git stash?`
  const wanted = await ws.world.confirm(question).catch((error: unknown) => {
    throw error instanceof TeleportError && error.code === 'needs-confirmation' ? notClean(error) : error
  })
  if (!wanted) throw notClean()
  return true
}

/** Pushed without its changes: the commit that was checked out, and the branch if the newest link knows it. */
function commitAlone(tip: OpenTip): CodeFiles {
  const head = tip.trailers.commit
  if (head === null) {
    throw new TeleportError('commit-missing', `session ${tip.session} was pushed where there was no commit`, {
      hint: `git teleport pull ${tip.session}`,
    })
  }
  const link = tip.manifest.links.at(-1)
  const branch = link?.commit === head ? link.branch : null
  const counts = { commits: 0, staged: 0, unstaged: 0, untracked: 0 }
  const nothing = { index: null, worktree: null, intent: null, counts }
  return {
    state: { format: 1, head, branch, upstream: null, needs: [head], ...nothing },
    commits: null,
    changes: null,
  }
}

async function bringNeeded(ws: Workspace, files: CodeFiles, dryRun: boolean): Promise<void> {
  const [absent] = await missingCommits(ws.repo, files.state)
  if (absent === undefined) return
  if (dryRun) {
    throw new TeleportError(
      'commit-missing',
      `commit ${absent} is not here yet, and a dry run fetches no code`,
      {
        hint: ws.project ? `git fetch ${ws.project.name}` : 'git fetch',
      },
    )
  }
  if (ws.project === null) {
    throw new TeleportError('commit-missing', `commit ${absent} is not here, and there is no remote to ask`, {
      hint: 'send it with its code: git teleport to --with-changes',
    })
  }
  ws.world.progress.step(`fetching commits from ${ws.project.name}`)
  await fetchNeeded(ws.repo, ws.project, files.state)
}

interface Parts {
  readonly files: CodeFiles
  readonly code: StagedCode
  readonly plan: BranchPlan
  /** Of the new work tree; null: this one is switched. */
  readonly folder: string | null
}

async function putInPlace(ws: Workspace, scratch: Scratch, parts: Parts): Promise<void> {
  const { files, code, plan, folder } = parts
  await adoptObjects(ws.repo, scratch, code, files)
  if (folder === null) await switchCode(ws.repo, ws.store, scratch, code, plan)
  else await addWorktree(ws.repo, ws.store, scratch, code, { dir: folder, plan })
  if (ws.project) await followUpstream(ws.repo, plan, code.state.upstream, ws.project.name)
}

function describe(
  ws: Workspace,
  code: StagedCode,
  plan: BranchPlan,
  where: Pick<Where, 'folder' | 'isNew'>,
): RestoredCode {
  const before = { head: ws.repo.head, branch: ws.repo.branch }
  return {
    folder: where.folder,
    isNew: where.isNew,
    commit: code.head,
    branch: plan.branch,
    from: code.state.branch,
    ...code.state.counts,
    wayBack: wayBack(before, plan, { ...where, intends: code.intentTree !== null }),
  }
}
