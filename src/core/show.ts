/** `show`: a session's facts and its conversation, without installing anything. */

import { codeNames } from '../bundle/code-state.ts'
import { readChunks } from '../claude/compare.ts'
import type { Installation } from '../claude/install.ts'
import { scanTranscript } from '../claude/scan.ts'
import { TeleportError } from '../errors.ts'
import { parseRef } from '../git-store/refs.ts'
import { isSessionPrefix, type Oid, parseSessionId, type SessionId } from '../model.ts'
import { splitLines } from '../review/lines.ts'
import { whom } from '../trust/signer.ts'
import { chooseRemoteSession } from './choose-remote-session.ts'
import { ambiguous } from './choose-session.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { emptyBase, materialise } from './materialise.ts'
import { lastOrigin, type Place, placeFor } from './place.ts'
import { type AskedRange, findRange } from './range.ts'
import { type StreamedLog, withStreamedLog } from './read-at-once.ts'
import { type Reading, rootsOf, stagedAgents, stagedTranscript } from './reading.ts'
import { findRemoteSession, type RemoteSession } from './remote-session.ts'
import { describeSigner, type SignerFacts } from './signer-facts.ts'
import { judgeTip, openTip, readTip, signedBy } from './tip.ts'
import { type TrustedTip, trustTip } from './trusted-tip.ts'
import { type Workspace, withInstallation, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

const largestWhole = 4 * 1024 * 1024

export interface ShowOptions {
  /** None: the only one that the remote lists, or the one that a person chooses. */
  readonly session: string | undefined
  readonly remote?: string | undefined
  /** Read what `fetch` brought instead of asking the remote. */
  readonly offline?: boolean
  readonly range?: AskedRange
  /**
   * Begin to hand over a long conversation while it is decrypted. Its messages are not counted then, and damage further
   * on in the log is thrown behind what came before it.
   */
  readonly atOnce?: boolean
  /** Conversations below this are read whole first, which takes no time. Otherwise 4 MiB. */
  readonly wholeBytes?: number
}

/** What is known before the conversation is read. */
export interface ShownHead extends Omit<ShownSession, 'messages'> {
  /** Null when they were not counted. */
  readonly messages: number | null
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
  head: (shown: ShownHead) => Promise<void>,
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
  options: Omit<ShowOptions, 'session' | 'remote'>,
  head: (shown: ShownHead) => Promise<void>,
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
  await readTranscript(ws, open, options, head, read)
}

async function fetchedSession(ws: Workspace, wanted: string): Promise<RemoteSession> {
  const prefix = wanted.toLowerCase()
  if (!isSessionPrefix(prefix)) parseSessionId(wanted)
  const fetched = [...(await ws.store.refs.seenAll('sessions'))].flatMap(([ref, commit]) => {
    const parsed = parseRef(ref)
    const fits = parsed?.kind === 'session' && parsed.session.startsWith(prefix)
    return fits ? [{ session: parsed.session, commit }] : []
  })
  const [first, second] = fetched
  if (second) {
    const ids = fetched.map(({ session }) => session)
    throw ambiguous(`"${wanted}" fits ${fetched.length} sessions`, ids)
  }
  if (first) return first
  throw new TeleportError('no-remote-session', `session ${wanted} has not been fetched`, {
    hint: `git teleport fetch ${wanted}`,
  })
}

async function readTranscript(
  ws: Workspace,
  tip: TrustedTip,
  { range: asked = {}, atOnce = false, wholeBytes = largestWhole }: Omit<ShowOptions, 'session'>,
  head: (shown: ShownHead) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  const place = placeFor(ws, tip.session, lastOrigin(tip.manifest), {})
  const hand = async ({ lines, agents, changes, messages }: OpenLog) => {
    ws.world.progress.done()
    const range = await findRange(ws, asked, tip.manifest.links, lines)
    await head(facts(tip, messages, changes))
    await read({ lines, agents, roots: rootsOf(ws, tip.manifest), range })
  }
  if (atOnce && tip.manifest.files.bytes >= wholeBytes)
    return withStreamedLog(ws, tip, place, (log) => hand({ ...log, messages: null }))
  await withInstallation(ws, tip.session, async (install) => hand(await wholeLog(ws, tip, place, install)))
}

interface OpenLog extends StreamedLog {
  readonly messages: number | null
}

async function wholeLog(
  ws: Workspace,
  tip: TrustedTip,
  place: Place,
  install: Installation,
): Promise<OpenLog> {
  const applied = await materialise(ws, tip, emptyBase, place, install)
  const { path, size } = stagedTranscript(tip.session, applied, install)
  const { messages } = await scanTranscript(path, size, null)
  const code = applied.get(codeNames.state)
  return {
    lines: () => splitLines(readChunks(path)),
    agents: await stagedAgents(applied, install),
    changes: code !== undefined && !code.progress.gone,
    messages,
  }
}

function facts(tip: TrustedTip, messages: number | null, changes: boolean): ShownHead {
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
