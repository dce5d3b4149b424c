/** Reads a session as it lies here, pushed or not: the same reading as of a remote one, without a signature. */

import { glanceTranscript } from '../claude/glance.ts'
import { liveClients } from '../claude/live.ts'
import type { SessionFile } from '../claude/locate.ts'
import { parseScan, scanTranscript } from '../claude/scan.ts'
import { plainSize, readRange, sizeInLines } from '../claude/session-file.ts'
import { TeleportError } from '../errors.ts'
import type { CommitLink, Oid, SessionId } from '../model.ts'
import { splitLines } from '../review/lines.ts'
import { chooseSession } from './choose-session.ts'
import { allLocalLinks } from './local-links.ts'
import { type AskedRange, findRange } from './range.ts'
import { localAgents, type Reading } from './reading.ts'
import { readRecord } from './records.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface LocalReadOptions {
  /** Id, or the beginning of one. None: the one this runs inside, the only open one, or the one a person chooses. */
  readonly session?: string | undefined
  readonly remote?: string | undefined
  readonly range?: AskedRange | undefined
  /** Do not read all of a long session before the first of it is handed over: its messages are not counted then. */
  readonly atOnce?: boolean
}

/** What a session says of itself on this machine. Nobody has signed it. */
export interface LocalSession {
  readonly session: SessionId
  /** Tells it from what a remote has. */
  readonly here: true
  readonly title: string | null
  readonly branch: string | null
  /** The folder where it goes on. */
  readonly cwd: string | null
  /** Open in a client on this machine. */
  readonly live: boolean
  readonly updated: string
  /** Of the transcript, up to its last whole line. */
  readonly sizeBytes: number
  /** Null when they were not counted. */
  readonly messages: number | null
  readonly agents: number
  readonly client: string | null
  readonly codeCommits: readonly Oid[]
  /** What the remote had of it at the last push or pull from here; null: it never had anything. */
  readonly pushed: { readonly commit: Oid; readonly seq: number } | null
}

/**
 * Hands the facts to `head` first, then the conversation to `read`, from the disk as it is read; asks no remote, and
 * writes nothing. What the client adds meanwhile is not part of it. Throws `no-session`, `ambiguous-session`,
 * `empty-session`, and what `findRange` throws.
 */
export async function readLocalSession(
  world: World,
  options: LocalReadOptions,
  head: (shown: LocalSession) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  await withWorkspace(world, options, async (ws) => {
    await readLocalFile(ws, await chooseSession(ws, options.session, true), options, head, read)
  })
}

/** The same of one copy. */
export async function readLocalFile(
  ws: Workspace,
  file: SessionFile,
  options: Pick<LocalReadOptions, 'range' | 'atOnce'>,
  head: (shown: LocalSession) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  const size = await sizeOf(file)
  const { current } = await readRecord(ws, file.session)
  const known = current?.files['session.jsonl']?.localPath === file.path ? parseScan(current.scan) : null
  const scan = options.atOnce
    ? await glanceTranscript(file, size, known)
    : await scanTranscript(file.path, size, known)
  const agents = await localAgents(ws.claude, file)
  const links = [...(current?.manifest.links ?? []), ...(await linksOf(ws, file.session))]
  const lines = () => splitLines(readRange(file.path, 0, size))
  const range = await findRange(ws, options.range ?? {}, links, lines)
  const live = (await liveClients(ws.claude)).some((client) => client.session === file.session)
  ws.world.progress.done()
  await head({
    session: file.session,
    here: true,
    title: scan.title,
    branch: scan.branch,
    cwd: scan.lastCwd,
    live,
    updated: formatTime(new Date(file.mtimeMs)),
    sizeBytes: size,
    messages: scan.messages,
    agents: agents.size,
    client: scan.client,
    codeCommits: [...new Set(links.map(({ commit }) => commit))],
    pushed: current && { commit: current.commit, seq: current.seq },
  })
  const origins = current?.manifest.origins.map(({ root }) => root) ?? []
  const roots = [ws.repo.top, ...origins, ...(scan.cwd === null ? [] : [scan.cwd])]
  await read({ lines, agents, roots: [...new Set(roots)], range })
}

async function sizeOf({ path, session }: SessionFile): Promise<number> {
  const whole = await plainSize(path)
  const size = whole === undefined ? 0 : await sizeInLines(path, whole)
  if (size > 0) return size
  throw new TeleportError('empty-session', `session ${session} holds no message yet`)
}

async function linksOf(ws: Workspace, session: SessionId): Promise<readonly CommitLink[]> {
  return (await allLocalLinks(ws)).filter((each) => each.session === session).map(({ link }) => link)
}
