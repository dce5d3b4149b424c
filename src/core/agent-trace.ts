/** Which lines of a commit which conversation wrote, as Agent Trace 0.1.0 records them (agent-trace.dev). */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { type BlamedLine, blameFile, unquoted } from '../git-store/blame.ts'
import type { GitContext } from '../git-store/git.ts'
import { commitTime, getCommit, type HistoryCommit, logCommits, readCommits } from '../git-store/history.ts'
import { readConversation } from '../review/conversation.ts'
import { bringTied } from './bring-tied.ts'
import { partOf, withConversation } from './conversation.ts'
import type { Tie } from './direct-ties.ts'
import { findTies } from './find-ties.ts'
import { findOwners, type Owner } from './line-owner.ts'
import { onePerSession } from './log.ts'
import { openHistory } from './open-history.ts'
import { openOutlines } from './outlines.ts'
import { patchesOf } from './patch-cache.ts'
import { rangeOf } from './review.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface TraceOptions {
  /** One commit, or a branch or range as `review` takes it. */
  readonly of: { readonly commit: string } | { readonly range: string | undefined }
  readonly remote?: string | undefined
  readonly offline?: boolean
}

interface TraceRange {
  readonly start_line: number
  readonly end_line: number
  readonly content_hash: string
}

interface TraceConversation {
  /** Absent where one of several sessions wrote the lines and nothing tells which. */
  readonly url?: string
  readonly contributor: { readonly type: 'ai'; readonly model_id?: string }
  readonly ranges: readonly TraceRange[]
  readonly related?: readonly { readonly type: 'session'; readonly url: string }[]
}

export interface TraceRecord {
  readonly version: '0.1.0'
  readonly id: string
  readonly timestamp: string
  readonly vcs: { readonly type: 'git'; readonly revision: string }
  readonly tool: { readonly name: 'claude-code' }
  readonly files: readonly { readonly path: string; readonly conversations: readonly TraceConversation[] }[]
  readonly metadata: {
    readonly 'git-teleport': {
      readonly sessions: readonly {
        readonly session: string
        readonly how: Tie['how']
        readonly linked: string
        readonly message: string | null
      }[]
    }
  }
}

/** More files of one commit than this are left out, and that is said. */
const mostFiles = 1000

/** Hands over a record for each commit that has a session, oldest first. Throws `no-commit`, `no-tie`. */
export async function traceCommits(
  world: World,
  options: TraceOptions,
  emit: (record: TraceRecord) => Promise<void>,
): Promise<void> {
  await withWorkspace(world, options, async (ws) => {
    const { of, offline = false } = options
    const history = await openHistory(ws)
    const commits = await commitsOf(ws, history, of)
    const anchor = commits.at(-1)?.oid
    if (!anchor) return
    const found = await findTies(ws, commits, { offline, anchor })
    const { ties, context } = await bringTied(ws, found, offline)
    const outlines = openOutlines(ws)
    const models = modelReader(ws)
    let count = 0
    for (const commit of commits) {
      const own = (ties.get(commit.oid) ?? []).filter(({ session }) => session.known !== 'sealed')
      if (own.length === 0) continue
      const files: TraceRecord['files'][number][] = []
      for (const [path, lines] of await addedLines(ws, context, commit)) {
        const owners = await findOwners(context, lines, new Map([[commit.oid, own]]), outlines)
        const conversations = await conversationsOf(lines, owners, models)
        if (conversations.length > 0) files.push({ path, conversations })
      }
      world.progress.done()
      await emit(recordOf(commit, own, files))
      count += 1
    }
    if (count === 0 && 'commit' in of) {
      throw new TeleportError('no-tie', `no session that can be read here is tied to commit ${anchor}`, {
        hint: `git teleport attach <session> ${anchor.slice(0, 12)}`,
      })
    }
  })
}

async function commitsOf(
  ws: Workspace,
  history: GitContext,
  of: TraceOptions['of'],
): Promise<readonly HistoryCommit[]> {
  if ('commit' in of) return readCommits(history, [await getCommit(history, of.commit)])
  const { base, tip } = await rangeOf(ws, history, of.range ?? 'HEAD')
  return logCommits(history, { revisions: base === null ? [tip] : [`${base}..${tip}`], reverse: true })
}

/** By path: the lines that the commit brought, where they stand in it. */
async function addedLines(
  ws: Workspace,
  context: GitContext,
  { oid, parents }: HistoryCommit,
): Promise<ReadonlyMap<string, readonly BlamedLine[]>> {
  const [parent] = parents
  const patches = await patchesOf(context, [{ from: parent ?? null, to: oid }])
  const changed = patches.flatMap(([, { files }]) =>
    files.flatMap(({ path, added }) => (added.length > 0 ? [unquoted(path)] : [])),
  )
  if (changed.length > mostFiles)
    ws.world.note(`commit ${oid} changes ${changed.length} files: the first ${mostFiles} are traced`)
  const found = new Map<string, readonly BlamedLine[]>()
  for (const file of changed.slice(0, mostFiles)) {
    const revision = parent === undefined ? oid : (`${parent}..${oid}` as const)
    const lines = await blameFile(context, { file, revision })
    found.set(
      file,
      lines.filter(({ commit }) => commit === oid),
    )
  }
  return found
}

type Models = (tie: Tie) => Promise<string | undefined>

/** Lines of the same sessions together, rows of neighbours as one range. */
async function conversationsOf(
  lines: readonly BlamedLine[],
  owners: readonly Owner[],
  models: Models,
): Promise<readonly TraceConversation[]> {
  const groups = new Map<string, { readonly ties: readonly Tie[]; readonly lines: BlamedLine[] }>()
  for (const [at, line] of lines.entries()) {
    const ties = owners[at]?.ties ?? []
    if (ties.length === 0) continue
    const key = ties.map(({ session }) => session.session).join()
    const group = groups.get(key) ?? { ties, lines: [] }
    group.lines.push(line)
    groups.set(key, group)
  }
  const conversations: TraceConversation[] = []
  for (const group of groups.values()) {
    const [only, second] = group.ties
    const model = only && !second ? await models(only) : undefined
    const urls = group.ties.map(({ session }) => urlOf(session.session))
    conversations.push({
      ...(urls.length === 1 && urls[0] !== undefined ? { url: urls[0] } : {}),
      contributor: { type: 'ai', ...(model === undefined ? {} : { model_id: model }) },
      ranges: rangesOf(group.lines),
      ...(urls.length > 1 ? { related: urls.map((url) => ({ type: 'session' as const, url })) } : {}),
    })
  }
  return conversations
}

/** A session has no address that everybody could open; its id names it everywhere. */
function urlOf(session: string): string {
  return `urn:uuid:${session}`
}

function rangesOf(lines: readonly BlamedLine[]): readonly TraceRange[] {
  const rows: BlamedLine[][] = []
  for (const line of lines) {
    const last = rows.at(-1)
    if (last?.at(-1)?.line === line.line - 1) last.push(line)
    else rows.push([line])
  }
  return rows.map((row) => ({
    start_line: row[0]?.line ?? 0,
    end_line: row.at(-1)?.line ?? 0,
    content_hash: `sha256:${sha256(row.map(({ text }) => text).join('\n'))}`,
  }))
}

/** The model that wrote the newest answer of the part that led to the commit; asked once for each session and link. */
function modelReader(ws: Workspace): Models {
  const known = new Map<string, Promise<string | undefined>>()
  return (tie) => {
    const key = `${tie.session.session} ${tie.link.message}`
    const found = known.get(key) ?? newestModel(ws, tie)
    known.set(key, found)
    return found
  }
}

async function newestModel(ws: Workspace, { session, link }: Tie): Promise<string | undefined> {
  return withConversation(ws, session, async ({ outline, lines }) => {
    const part = partOf(session, link, outline)
    const range = part
      ? ({ from: { kind: 'row', at: part.from }, to: { kind: 'row', at: part.to } } as const)
      : {}
    let model: string | undefined
    for await (const { row } of readConversation(lines(), { range })) {
      // The client's own messages come under a name that is none of a model.
      if (typeof row === 'object' && /^[A-Za-z0-9][\w.:@/-]{0,200}$/.test(row.model)) model = row.model
    }
    return model === undefined ? undefined : `anthropic/${model}`
  })
}

function recordOf(commit: HistoryCommit, own: readonly Tie[], files: TraceRecord['files']): TraceRecord {
  const sessions = onePerSession(own).map(({ session, how, link }) => ({
    session: session.session,
    how,
    linked: link.commit,
    message: link.message,
  }))
  return {
    version: '0.1.0',
    id: asUuid(sha256([commit.oid, ...sessions.map(({ session }) => session)].join(' '))),
    timestamp: commitTime(commit.committed),
    vcs: { type: 'git', revision: commit.oid },
    tool: { name: 'claude-code' },
    files,
    metadata: { 'git-teleport': { sessions } },
  }
}

/** The same record has the same id whoever makes it: version 8 is for ids made in ways of one's own. */
function asUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
