/** `show`: a session's facts and its conversation, without installing anything. */

import { codeNames } from '../bundle/code-state.ts'
import { readChunks } from '../claude/compare.ts'
import { beginInstall } from '../claude/install.ts'
import { scanTranscript } from '../claude/scan.ts'
import { TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import { isSessionId, type Oid, type SessionId } from '../model.ts'
import { splitLines } from '../review/lines.ts'
import { whom } from '../trust/signer.ts'
import { chooseRemoteSession } from './choose-remote-session.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { emptyBase, materialise } from './materialise.ts'
import { lastOrigin, placeFor } from './place.ts'
import { type AskedRange, findRange } from './range.ts'
import { type Reading, rootsOf, stagedAgents } from './reading.ts'
import { findRemoteSession, type RemoteSession } from './remote-session.ts'
import { describeSigner, type SignerFacts } from './signer-facts.ts'
import { judgeTip, openTip, readTip, signedBy } from './tip.ts'
import { type TrustedTip, trustTip } from './trusted-tip.ts'
import { installFolder, type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface ShowOptions {
  /** None: the only one that the remote lists, or the one that a person chooses. */
  readonly session: string | undefined
  readonly remote?: string | undefined
  /** Read what `fetch` brought instead of asking the remote. */
  readonly offline?: boolean
  readonly range?: AskedRange
}

export interface ShownSession {
  readonly session: SessionId
  readonly title: string | null
  readonly commit: Oid
  readonly seq: number
  readonly pushedAt: string
  readonly expires: string | null
  readonly signedBy: SignerFacts
  readonly from: { readonly principal: string; readonly host: string; readonly root: string }
  readonly codeCommits: readonly string[]
  readonly files: number
  readonly sizeBytes: number
  readonly messages: number
  readonly segments: number
  readonly readers: readonly string[]
  readonly client: string | null
  /** It was pushed with its code changes. */
  readonly changes: boolean
}

/** Hands the facts to `head` first, then the conversation to `read`; nothing else is written. */
export async function showSession(
  world: World,
  options: ShowOptions,
  head: (shown: ShownSession) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  await withWorkspace(world, options, async (ws) => {
    const { offline } = options
    const wanted = options.session ?? (await chooseRemoteSession(ws, { offline }))
    await showFound(ws, await findShown(ws, wanted, options), options, head, read)
  })
}

/** Throws `no-remote-session`, `session-gone`, `ambiguous-session`. */
export function findShown(
  ws: Workspace,
  wanted: string,
  { offline }: Pick<ShowOptions, 'offline'>,
): Promise<RemoteSession> {
  return offline ? fetchedSession(ws, wanted) : findRemoteSession(ws, wanted)
}

/** As `showSession`, of a commit that is in the store. */
export async function showFound(
  ws: Workspace,
  found: RemoteSession,
  options: Pick<ShowOptions, 'offline' | 'range'>,
  head: (shown: ShownSession) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  const { world } = ws
  const device = await loadDevice(world, ws.repo)
  const tip = await readTip(ws, found.session, found.commit)
  const own = await ownRecipients(world, device)
  const members = options.offline ? 'pinned' : 'fresh'
  const looking = { own, state: null, allowExpired: true, allowStranger: true } as const
  const signer = await judgeTip(ws, tip, { ...looking, members })
  if (signer.kind === 'unknown')
    world.note(`not verified: signed by ${whom(signedBy(tip), signer)}; it can be read here, never pulled`)
  const open = await trustTip(ws, await openTip(ws, tip, device), signer, { own, state: null })
  await readTranscript(ws, open, options.range ?? {}, head, read)
}

async function fetchedSession(ws: Workspace, wanted: string): Promise<RemoteSession> {
  const id = wanted.toLowerCase()
  const commit = isSessionId(id) ? await ws.store.refs.seen(sessionRef(id)) : null
  if (isSessionId(id) && commit) return { session: id, commit }
  throw new TeleportError('no-remote-session', `session ${wanted} has not been fetched`, {
    hint: `git teleport fetch ${wanted}`,
  })
}

async function readTranscript(
  ws: Workspace,
  tip: TrustedTip,
  asked: AskedRange,
  head: (shown: ShownSession) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  const place = placeFor(ws, tip.session, lastOrigin(tip.manifest), {})
  const install = await beginInstall(ws.claude, installFolder(ws), {
    session: tip.session,
    now: ws.world.now(),
  })
  try {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    const transcript = applied.get('session.jsonl')
    if (!transcript?.target || !transcript.staged)
      throw new TeleportError('empty-session', `session ${tip.session} holds no conversation`)
    const staged = install.stagedPath(transcript.target)
    const scan = await scanTranscript(staged, transcript.staged.size, null)
    ws.world.progress.done()
    const code = applied.get(codeNames.state)
    const lines = () => splitLines(readChunks(staged))
    const range = await findRange(ws, asked, tip.manifest.links, lines)
    await head(facts(tip, scan.messages, code !== undefined && !code.progress.gone))
    await read({
      lines,
      agents: await stagedAgents(applied, install),
      roots: rootsOf(ws, tip.manifest),
      range,
    })
  } finally {
    await install.abort()
  }
}

function facts(tip: TrustedTip, messages: number, changes: boolean): ShownSession {
  const { manifest } = tip
  const origin = lastOrigin(manifest)
  return {
    session: tip.session,
    title: manifest.title,
    commit: tip.commit,
    seq: tip.trailers.seq,
    pushedAt: formatTime(new Date(tip.seconds * 1000)),
    expires: tip.trailers.expires,
    signedBy: describeSigner(tip),
    from: { principal: origin?.principal ?? '', host: origin?.host ?? '', root: origin?.root ?? '' },
    codeCommits: [...new Set(manifest.links.map((link) => link.commit))],
    files: manifest.files.count,
    sizeBytes: manifest.files.bytes,
    messages,
    segments: manifest.segments.length,
    readers: manifest.readers,
    client: manifest.client,
    changes,
  }
}
