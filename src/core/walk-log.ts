/** Follows a session's log on this machine, segment by segment: every piece verified and relocated, then staged or handed on. */

import { applyRow, checkLog, type FileProgress } from '../bundle/apply.ts'
import { foldChains } from '../bundle/chain.ts'
import { isCode } from '../bundle/names.ts'
import type { Installation } from '../claude/install.ts'
import { localPath } from '../claude/local-name.ts'
import { relocateContent } from '../claude/relocate.ts'
import type { Relocation } from '../claude/relocation.ts'
import { newRowLinks, type RowLinks } from '../claude/row-links.ts'
import { TeleportError } from '../errors.ts'
import { type Spool, withSpools } from '../git-store/spool.ts'
import type { FileRecord, PieceRow, SegmentRow, SessionState, Sha256 } from '../model.ts'
import { type ExactParts, openExactParts } from './exact-parts.ts'
import {
  countDrop,
  type DropCounts,
  fileWord,
  mayApply,
  mostMemberFiles,
  rowOptions,
  type Tier,
} from './piece-tier.ts'
import { type Place, relocationTo } from './place.ts'
import { readSegment } from './read-segment.ts'
import { unlessUseless } from './removed-parts.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

/** One logical file after the log was applied. */
export interface AppliedFile {
  readonly progress: FileProgress
  /** Absolute path here; null when it is not installed. */
  readonly target: string | null
  /** What was staged for it; null when this log changed nothing of it, or it is not installed or gone. */
  readonly staged: { readonly size: number; readonly sha256: Sha256 } | null
  /** Rows of a transcript that were left out, for the parts that follow. */
  readonly links: RowLinks
}

/** What the log is applied on: the files of the last sync, or nothing. */
export type LogBase = Pick<SessionState, 'seq' | 'files' | 'links'>

/** Takes the content of some rows, as it would lie here; all the others are only followed. */
export interface LogTaker {
  wanted(row: PieceRow): boolean
  /** What it leaves of the content is not used. */
  take(row: PieceRow, content: AsyncIterable<Uint8Array>): Promise<void>
}

/** A log that is followed segment by segment, in their order. */
export interface LogWalk {
  readonly files: ReadonlyMap<string, AppliedFile>
  apply(segment: SegmentRow): Promise<void>
  /** After the last segment: whether they add up to what the manifest says. */
  finish(): void
}

/** All methods throw `damaged-bundle` or `unsafe-bundle`; then what was staged or taken must be thrown away. */
export function walkLog(
  ws: Workspace,
  tip: TrustedTip,
  base: LogBase,
  place: Place,
  to: Installation | LogTaker,
  dropped: DropCounts = new Map(),
): LogWalk {
  const files = new Map(
    Object.entries(base.files).map(([name, record]) => [name, fromRecord(name, record, base.links[name])]),
  )
  const tables: (readonly PieceRow[])[] = []
  const useless = { count: 0 }
  return {
    files,
    async apply(segment) {
      const tier: Tier = tip.exact.has(segment.name) ? 'exact' : 'sanitised'
      const relocation = relocationOf(tip, segment, place)
      const stager = { ws, place, to, base, files, relocation, tier, dropped, useless }
      await withSpools(ws.store, async (open) => {
        const parts = tier === 'exact' ? await partsOf(stager, tip, segment, open) : null
        tables.push(await applySegment(tip, segment, stager, parts))
      })
    },
    finish() {
      if (useless.count > 0) ws.world.note(uselessParts(useless.count))
      if (base.seq === 0) checkLog(tables)
      checkTotals(
        tip,
        [...files].map(([name, { progress }]) => [name, progress]),
      )
    },
  }
}

/** Throws `damaged-bundle` where the files of a log are not what its manifest says, `unsafe-bundle` for one without a conversation. */
export function checkTotals(tip: TrustedTip, files: Iterable<readonly [string, FileProgress]>): void {
  const all = new Map(files)
  const fold = foldChains([...all].map(([name, { chain }]) => [name, chain] as const))
  if (fold !== tip.manifest.files.fold) {
    throw new TeleportError(
      'damaged-bundle',
      `the pieces of session ${tip.session} do not add up to its manifest`,
      {
        hint: `git teleport push --force ${tip.session}`,
      },
    )
  }
  if (all.get('session.jsonl')?.gone) {
    throw new TeleportError('unsafe-bundle', `session ${tip.session} deletes its own conversation`)
  }
}

function fromRecord(name: string, record: FileRecord, links: unknown): AppliedFile {
  const { gen, size, chain, path } = record
  const progress: FileProgress = {
    gen,
    size,
    chain,
    gone: record.gone ?? false,
    ...(path === undefined ? {} : { path }),
  }
  return {
    progress,
    // What is known of code is where a push read it, which is no place to write to.
    target: record.localPath === '' || isCode(name) ? null : record.localPath,
    staged: null,
    links: newRowLinks(links),
  }
}

function relocationOf(tip: TrustedTip, segment: SegmentRow, place: Place): Relocation {
  const origin = tip.manifest.origins[segment.origin]
  if (origin) return relocationTo(place, origin)
  throw new TeleportError(
    'damaged-bundle',
    `segment ${segment.name} of session ${tip.session} names no origin`,
  )
}

function partsOf(
  { ws, useless }: Stager,
  tip: TrustedTip,
  segment: SegmentRow,
  open: () => Promise<Spool>,
): Promise<ExactParts | null> {
  return openExactParts(ws, tip, segment, tip.own, open).catch((error: unknown) => {
    const none = unlessUseless(error)
    useless.count += 1
    return none
  })
}

function uselessParts(count: number): string {
  const which = count === 1 ? 'one part' : `${count} parts`
  return `${which} of the session stays redacted: what was taken out is damaged, or not for this device`
}

interface Stager {
  readonly ws: Workspace
  readonly place: Place
  readonly to: Installation | LogTaker
  readonly base: LogBase
  readonly files: Map<string, AppliedFile>
  readonly relocation: Relocation
  readonly tier: Tier
  readonly dropped: DropCounts
  /** Segments that stay redacted although their removed parts are there. */
  readonly useless: { count: number }
}

/** Rows without bytes (`gone`, dropped) take effect in their place between those with bytes. */
async function applySegment(
  tip: TrustedTip,
  segment: SegmentRow,
  stager: Stager,
  parts: ExactParts | null,
): Promise<readonly PieceRow[]> {
  let waiting: readonly PieceRow[] = []
  let places = new Map<PieceRow, number>()
  let restore: ReturnType<ExactParts['restorer']> | null = null
  const flushUntil = async (row: PieceRow | null) => {
    const end = row === null ? waiting.length : waiting.indexOf(row)
    for (const empty of waiting.slice(0, end)) await applyPiece(stager, empty, null)
    waiting = waiting.slice(end + 1)
  }
  const rows = await readSegment(
    stager.ws,
    tip,
    segment,
    {
      pieces(table) {
        if (stager.tier === 'sanitised') refuseTooMany(stager.files, table)
        if (parts?.fits(table)) restore = parts.restorer()
        else if (parts) stager.useless.count += 1
        waiting = table
        places = new Map(table.map((row, index) => [row, index]))
      },
      async piece(row, content) {
        await flushUntil(row)
        const place = places.get(row) ?? -1
        await applyPiece(stager, row, restore ? await restore(place, content) : content)
      },
    },
    stager.ws.world.progress,
  )
  await flushUntil(null)
  return rows
}

async function applyPiece(
  stager: Stager,
  row: PieceRow,
  content: AsyncIterable<Uint8Array> | null,
): Promise<void> {
  const before = stager.files.get(row.name)
  const { next, skip } = applyRow(before?.progress, row)
  if (skip) return
  const target = targetOf(stager, row, next, before)
  const links = row.op === 'append' && before ? before.links : newRowLinks()
  if ('wanted' in stager.to && !stager.to.wanted(row)) {
    stager.files.set(row.name, { progress: next, target, staged: null, links })
    return
  }
  const named = targetByName(stager, row, next)
  const piece = { row, path: next.path, target, named, before: before?.target }
  if (stager.tier === 'sanitised' && !mayApply(piece, stager.place, stager.relocation)) {
    // What lies here already stays as it is, and the rest of the log goes on without this file.
    countDrop(stager.dropped, fileWord(row.name))
    stager.files.set(row.name, { progress: next, target: null, staged: null, links })
    return
  }
  const staged = await stagePiece(stager, row, content, target, { before, links })
  stager.files.set(row.name, { progress: next, target, staged, links })
}

/** Before the first of them is staged. */
function refuseTooMany(files: ReadonlyMap<string, AppliedFile>, table: readonly PieceRow[]): void {
  const names = new Set([...files.keys(), ...table.map((row) => row.name)])
  if (names.size <= mostMemberFiles) return
  throw new TeleportError('unsafe-bundle', `the session has more than ${mostMemberFiles} files`)
}

/** An `append` stays where its file is; a new file gets its place from its name. */
function targetOf(
  stager: Stager,
  row: PieceRow,
  next: FileProgress,
  before: AppliedFile | undefined,
): string | null {
  if (row.op !== 'whole' && before) return before.target
  return targetByName(stager, row, next)
}

function targetByName({ place, ws, relocation }: Stager, row: PieceRow, next: FileProgress): string | null {
  return localPath(ws.claude, place.here, row.name, relocation, next.path, place.restoreEnv)
}

async function stagePiece(
  stager: Stager,
  row: PieceRow,
  content: AsyncIterable<Uint8Array> | null,
  target: string | null,
  { before, links }: { readonly before: AppliedFile | undefined; readonly links: RowLinks },
): Promise<AppliedFile['staged']> {
  const { to } = stager
  if (row.op === 'gone') {
    if ('remove' in to && target !== null && row.name !== 'history.jsonl') to.remove(target)
    return null
  }
  if (content === null) return before?.staged ?? null
  const options = rowOptions(stager.place, stager.tier, stager.dropped)
  const here = relocateContent(row.name, content, stager.relocation, { ...options, links })
  if ('take' in to) {
    if (target !== null) await to.take(row, here)
    return null
  }
  if (row.name === 'history.jsonl') {
    await to.appendHistory(here)
    return null
  }
  if (target === null) return null
  if (row.op === 'whole') return to.stage(target, here)
  if (before?.staged) return to.extend(target, here)
  const record = stager.base.files[row.name]
  if (!record) throw new TeleportError('damaged-bundle', `an append to ${row.name} has nothing to follow`)
  return to.stage(target, here, { keepFrom: { path: record.localPath, size: record.localSize } })
}
