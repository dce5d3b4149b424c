/** `push --with-changes`: the code beside the conversation, as files of the bundle. */

import { codeNames, encodeCodeState } from '../bundle/code-state.ts'
import { isCode } from '../bundle/names.ts'
import type { Delta } from '../bundle/plan.ts'
import { readRange } from '../claude/session-file.ts'
import { TeleportError } from '../errors.ts'
import { type CapturedCode, captureCode } from '../git-store/capture-code.ts'
import { changedContents } from '../git-store/changed-contents.ts'
import { sizeOf } from '../git-store/code-git.ts'
import { withScratch } from '../git-store/scratch.ts'
import { writeScratch } from '../git-store/scratch-files.ts'
import { gitConfig } from '../git-store/user-repo.ts'
import type { LocalFile } from '../model.ts'
import type { Changes, PushJob } from './push-job.ts'
import type { Workspace } from './workspace.ts'

const defaultMaxBytes = 50 * 1024 * 1024

/** The files are there as long as `work` runs. Throws what `captureCode` throws, and `usage` for a bad setting. */
export async function withChanges<T>(
  ws: Workspace,
  wanted: boolean,
  work: (changes: Changes | null) => Promise<T>,
): Promise<T> {
  if (!wanted) return work(null)
  const maxBytes = await maxChanges(ws)
  return withScratch(ws.store, async (scratch) => {
    ws.world.progress.step('reading the changes')
    const code = await captureCode(ws.repo, ws.remote, scratch, maxBytes)
    for (const note of code.notes) ws.world.note(note)
    const state = await writeScratch(scratch, 'state.json', [encodeCodeState(code.state)])
    const contents = () => changedContents(scratch, code.state)
    return work({ files: await filesOf(code, state), sent: describe(code), contents })
  })
}

async function filesOf(code: CapturedCode, state: string): Promise<readonly LocalFile[]> {
  const named: readonly (readonly [string, string | null])[] = [
    [codeNames.state, state],
    [codeNames.commits, code.commits],
    [codeNames.changes, code.changes],
  ]
  const files: LocalFile[] = []
  for (const [name, file] of named) {
    if (file === null) continue
    const size = await sizeOf(file)
    files.push({ name, localPath: file, size, read: (start, end) => readRange(file, start, end) })
  }
  return files
}

function describe({ state, sizeBytes }: CapturedCode): Changes['sent'] {
  return { commit: state.head, branch: state.branch, ...state.counts, sizeBytes }
}

/** The code of an earlier push would be of another moment than the conversation, so it went with this one. */
export function noteDroppedCode({ ws, changes }: PushJob, delta: Delta): void {
  const dropped = delta.sources.some(({ row }) => row.op === 'gone' && isCode(row.name))
  if (changes === null && dropped)
    ws.world.note(
      'the code changes of the last push no longer travel: push --with-changes sends the present ones',
    )
}

async function maxChanges(ws: Workspace): Promise<number> {
  const text = (await gitConfig(ws.repo)).get('teleport.maxchanges')?.at(-1)
  if (text === undefined) return defaultMaxBytes
  const [, digits, unit = ''] = /^(\d{1,9})([kmg]?)$/i.exec(text.trim()) ?? []
  const factor = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()]
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor
  throw new TeleportError('usage', 'teleport.maxChanges is no size', {
    hint: 'git config teleport.maxChanges 50m',
  })
}
