/** `pull`: fetch, verify, restore. Nothing is written before everything has been verified. */

import { historyView } from '../claude/collect-prompts.ts'
import { beginInstall, type Installation, type InstallReport } from '../claude/install.ts'
import { liveClients } from '../claude/live.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import { type Classification, type Oid, parseSessionId, type SessionId, type SessionState } from '../model.ts'
import { chooseRemoteSession } from './choose-remote-session.ts'
import { changesSince, classifyByContent, classifyByRecord } from './classify.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { divergedError } from './diverged.ts'
import { findLocalSide, type LocalSide, removeCopies } from './local-side.ts'
import { type AppliedFile, continues, emptyBase, type LogBase, materialise } from './materialise.ts'
import { lastOrigin, type Place, placeAtOrigin, placeFor, relocationTo } from './place.ts'
import { recordFiles, recordLinks } from './record-files.ts'
import { currentState, settle } from './records.ts'
import { findRemoteSession } from './remote-session.ts'
import { stateAfterPull } from './state-after-pull.ts'
import { judgeTip, type OpenTip, openTip, readTip } from './tip.ts'
import { installFolder, type Workspace, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'
import { formatTime } from './world.ts'

export interface PullOptions {
  readonly session?: string | undefined
  readonly remote?: string | undefined
  readonly fork?: boolean
  readonly force?: boolean
  readonly deep?: boolean
  readonly restoreEnv?: boolean
  readonly dryRun?: boolean
}

export interface PullResult {
  readonly session: SessionId
  readonly state: Classification
  readonly tier: 'exact' | 'sanitised'
  readonly from: { readonly principal: string; readonly device: string; readonly host: string }
  readonly commit: Oid
  readonly seq: number
  /** Absolute path of the transcript here. */
  readonly transcript: string
  /** How many files were written, or would be. */
  readonly files: number
  readonly relocated: readonly { readonly from: string; readonly to: string }[]
  readonly resume: readonly string[]
  readonly title: string | null
  readonly pushedAt: string
  readonly expires: string | null
  /** What `undo` takes back; null when nothing was written. */
  readonly install: string | null
}

/** Everything known before a byte is written. */
interface Incoming {
  readonly ws: Workspace
  readonly device: DeviceKey
  readonly tip: OpenTip
  readonly state: SessionState | null
  readonly local: LocalSide | null
  readonly options: PullOptions
}

export async function pullSession(world: World, options: PullOptions): Promise<PullResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    const device = await loadDevice(world, ws.repo)
    const found = await findRemoteSession(ws, options.session ?? (await chooseRemoteSession(ws)))
    const state = await currentState(ws, found.session)
    const tip = await readTip(ws, found.session, found.commit)
    await judgeTip(ws, tip, { own: await ownRecipients(world, device), state: options.force ? null : state })
    const open = await openTip(ws, tip, device)
    const local = await findLocalSide(ws, found.session, state)
    // What was relocated deeply once goes on so: its later rows hang on rows that it left out.
    const deep = options.deep || (state?.deep ?? false)
    const incoming: Incoming = { ws, device, tip: open, state, local, options: { ...options, deep } }
    if (options.fork) return pullFork(incoming)
    return local ? pullOnto(incoming, local) : pullNew(incoming)
  })
}

/** The remote one becomes a session of its own here; the local one is not touched. */
async function pullFork(incoming: Incoming): Promise<PullResult> {
  const as = parseSessionId(incoming.ws.world.uuid())
  const place = placeFor(incoming.ws, incoming.tip.session, lastOrigin(incoming.tip.manifest), {
    ...incoming.options,
    as,
  })
  return withInstallation(incoming, as, async (install) => {
    const applied = await materialise(incoming.ws, incoming.tip, emptyBase, place, install)
    return report(incoming, 'new', place, applied, await finish(incoming, install))
  })
}

async function pullNew(incoming: Incoming): Promise<PullResult> {
  const place = placeFor(
    incoming.ws,
    incoming.tip.session,
    lastOrigin(incoming.tip.manifest),
    incoming.options,
  )
  return replaceBy(incoming, 'new', emptyBase, place, null)
}

async function pullOnto(incoming: Incoming, local: LocalSide): Promise<PullResult> {
  const { state, tip, options } = incoming
  const known = state !== null && local.belongsHere && continues(tip, state)
  const found = known
    ? await compareByRecord(incoming, local, state)
    : await compareByContent(incoming, local)
  if (found === 'diverged' && !options.force)
    throw divergedError(incoming.ws, tip, local.collected.scan.messages)
  const place = placeFor(incoming.ws, tip.session, lastOrigin(tip.manifest), {
    ...options,
    existing: local.belongsHere ? local.file : undefined,
  })
  if (options.force && (found === 'diverged' || found === 'local-ahead')) {
    return replaceBy(incoming, found, emptyBase, place, local)
  }
  if (found === 'same' && ((options.deep && !state?.deep) || options.restoreEnv))
    return replaceBy(incoming, found, emptyBase, place, local)
  if (found === 'same' || found === 'local-ahead') return stayAsIs(incoming, found, place, local)
  return replaceBy(incoming, found, known ? state : emptyBase, place, local)
}

async function compareByRecord(
  incoming: Incoming,
  local: LocalSide,
  state: SessionState,
): Promise<Classification> {
  const { changed } = await changesSince(local.collected, state)
  return classifyByRecord(changed, incoming.tip.commit, state)
}

/**
 * Compares what the remote's session would be in the copy's own place with the copy. A log that was replaced since the
 * last sync is taken over when nothing was added here.
 */
async function compareByContent(incoming: Incoming, local: LocalSide): Promise<Classification> {
  const { ws, tip, state } = incoming
  if (state && local.belongsHere) {
    const { changed } = await changesSince(local.collected, state)
    if (!changed) return 'fast-forward'
  }
  const place = local.belongsHere
    ? placeFor(ws, tip.session, lastOrigin(tip.manifest), { existing: local.file })
    : placeAtOrigin(ws, tip, local.file)
  if (!place) return 'diverged'
  return withInstallation(incoming, tip.session, async (install) => {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    return classifyByContent(applied, install, local.collected)
  })
}

/** Writes the remote's session over what lies here, if anything does: the backup keeps what goes. */
async function replaceBy(
  incoming: Incoming,
  found: Classification,
  base: LogBase,
  place: Place,
  local: LocalSide | null,
): Promise<PullResult> {
  const { ws, tip, options } = incoming
  await refuseWhenOpen(incoming)
  return withInstallation(incoming, tip.session, async (install) => {
    const applied = await materialise(ws, tip, base, place, install)
    if (local) {
      await removeCopies(local, install, options.force ?? false)
      removeLeftovers(applied, base, local, install)
    }
    const done = await finish(incoming, install)
    if (done) await record(incoming, place, applied, base)
    return report(incoming, found, place, applied, done)
  })
}

/** When the whole log was applied, files of the old copy that it does not hold go too. */
function removeLeftovers(
  applied: ReadonlyMap<string, AppliedFile>,
  base: LogBase,
  local: LocalSide,
  install: Installation,
): void {
  if (base !== emptyBase) return
  const kept = new Set([...applied.values()].map((file) => file.target))
  for (const file of local.collected.files) {
    const ours = file.name.startsWith('session') || /^(?:file-history|tasks|todos)\//.test(file.name)
    if (ours && !kept.has(file.localPath)) install.remove(file.localPath)
  }
}

async function stayAsIs(
  incoming: Incoming,
  found: Classification,
  place: Place,
  local: LocalSide,
): Promise<PullResult> {
  const { tip, state, options } = incoming
  if (local.copies.length > 0 && !options.dryRun) {
    await withInstallation(incoming, tip.session, async (install) => {
      await removeCopies(local, install, options.force ?? false)
      await install.commit()
    })
  }
  if (state === null && !options.dryRun) await recordPrefix(incoming, place)
  return report(incoming, found, place, new Map(), null)
}

/** The record was lost: what the remote holds is a prefix of what lies here, and is recorded as that. */
async function recordPrefix(incoming: Incoming, place: Place): Promise<void> {
  const { ws, tip } = incoming
  await withInstallation(incoming, tip.session, async (install) => {
    await record(incoming, place, await materialise(ws, tip, emptyBase, place, install), emptyBase)
  })
}

async function record(
  incoming: Incoming,
  place: Place,
  applied: ReadonlyMap<string, AppliedFile>,
  base: LogBase,
): Promise<void> {
  const { ws, device, tip, state } = incoming
  const files = await recordFiles(applied, base, await historyView(ws.claude, place.here.session))
  await settle(
    ws,
    await stateAfterPull(ws, device, tip, place, { files, links: recordLinks(applied), previous: state }),
  )
}

async function refuseWhenOpen(incoming: Incoming): Promise<void> {
  const { ws, tip, options } = incoming
  if (options.dryRun) return
  const open = (await liveClients(ws.claude)).find((client) => client.session === tip.session)
  if (!open) return
  throw new TeleportError(
    'session-live',
    `session ${tip.session} is open in a running client (process ${open.pid})`,
    {
      hint: `close it there, then run: git teleport pull ${tip.session}`,
      data: { pid: open.pid },
    },
  )
}

async function withInstallation<T>(
  incoming: Incoming,
  session: SessionId,
  work: (install: Installation) => Promise<T>,
): Promise<T> {
  const { ws } = incoming
  const install = await beginInstall(ws.claude, installFolder(ws), { session, now: ws.world.now() })
  try {
    return await work(install)
  } finally {
    await install.abort()
  }
}

async function finish(incoming: Incoming, install: Installation): Promise<InstallReport | null> {
  if (incoming.options.dryRun) return null
  incoming.ws.world.progress.step('installing')
  return install.commit()
}

function report(
  incoming: Incoming,
  state: Classification,
  place: Place,
  applied: ReadonlyMap<string, AppliedFile>,
  done: InstallReport | null,
): PullResult {
  const { tip, ws, local } = incoming
  const origin = lastOrigin(tip.manifest)
  const transcript = applied.get('session.jsonl')?.target ?? local?.file.path ?? ''
  const staged = [...applied.values()].filter((file) => file.staged !== null)
  const pairs = tip.manifest.origins.flatMap((each) => relocationTo(place, each).pairs)
  const distinct = new Map(pairs.filter(({ from, to }) => from !== to).map((pair) => [pair.from, pair]))
  ws.world.progress.done()
  return {
    session: place.here.session,
    state,
    tier: 'exact',
    from: { principal: origin?.principal ?? '', device: tip.device, host: origin?.host ?? '' },
    commit: tip.commit,
    seq: tip.trailers.seq,
    transcript,
    files: done?.written.length ?? staged.length,
    relocated: [...distinct.values()],
    resume: ['claude', '--resume', place.here.session],
    title: tip.manifest.title,
    pushedAt: formatTime(new Date(tip.seconds * 1000)),
    expires: tip.trailers.expires,
    install: done?.id ?? null,
  }
}
