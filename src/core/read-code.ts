/** Reads the code that a session carries out of its log, newest segments first, into a scratch folder. */

import { codeNames, maxCodeBytes, parseCodeState } from '../bundle/code-state.ts'
import { isCode } from '../bundle/names.ts'
import { TeleportError } from '../errors.ts'
import type { Scratch } from '../git-store/scratch.ts'
import { joinFiles, readSmall, writeScratch } from '../git-store/scratch-files.ts'
import type { CodeFiles } from '../git-store/stage-code.ts'
import type { PieceRow } from '../model.ts'
import { readSegment } from './read-segment.ts'
import type { OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** Null when the session carries none. Throws `damaged-bundle`, `unsafe-bundle`. */
export async function readCode(ws: Workspace, tip: OpenTip, scratch: Scratch): Promise<CodeFiles | null> {
  const files = await newestFiles(ws, tip, scratch)
  const state = files.get(codeNames.state)
  if (state === undefined) return null
  return {
    state: parseCodeState(await readSmall(state)),
    commits: files.get(codeNames.commits) ?? null,
    changes: files.get(codeNames.changes) ?? null,
  }
}

/**
 * Each of the names as its newest row has it. Code files are whole in every push that has them, so the newest `whole`
 * is all of it; one that grew by an `append` is put together from where it began.
 */
async function newestFiles(
  ws: Workspace,
  tip: OpenTip,
  scratch: Scratch,
): Promise<ReadonlyMap<string, string>> {
  const names: readonly string[] = Object.values(codeNames)
  const settled = new Map<string, string | null>()
  const later = new Map<string, string[]>()
  ws.world.progress.step('reading the code')
  for (const segment of tip.manifest.segments.toReversed()) {
    if (names.every((name) => settled.has(name))) break
    const pieces = await codePieces(ws, tip, segment, scratch)
    for (const { row, file } of pieces.toReversed()) {
      if (settled.has(row.name) || row.dropped) continue
      if (row.op === 'gone' || file === null) settled.set(row.name, null)
      else {
        const parts = [file, ...(later.get(row.name) ?? [])]
        later.set(row.name, parts)
        if (row.op === 'whole') settled.set(row.name, await joinFiles(parts))
      }
    }
  }
  return new Map([...settled].flatMap(([name, file]) => (file === null ? [] : [[name, file] as const])))
}

interface CodePiece {
  readonly row: PieceRow
  /** Null for rows without bytes. */
  readonly file: string | null
}

async function codePieces(
  ws: Workspace,
  tip: OpenTip,
  segment: OpenTip['manifest']['segments'][number],
  scratch: Scratch,
): Promise<readonly CodePiece[]> {
  const files = new Map<PieceRow, string>()
  const rows = await readSegment(
    ws,
    tip,
    segment,
    {
      pieces() {},
      async piece(row, content) {
        if (!isCode(row.name)) {
          for await (const _ of content);
          return
        }
        if (row.size > maxCodeBytes)
          throw new TeleportError('unsafe-bundle', `the code of session ${tip.session} is larger than 1 GiB`)
        const file = await writeScratch(scratch, `code-${segment.name}-${files.size}`, content)
        files.set(row, file)
      },
    },
    ws.world.progress,
  )
  return rows.filter(({ name }) => isCode(name)).map((row) => ({ row, file: files.get(row) ?? null }))
}
