/** `pull`: fetch, verify, restore. Nothing is written before everything has been verified. */

import { codeNames } from '../bundle/code-state.ts'
import { historyView } from '../claude/collect-prompts.ts'
import type { Installation, InstallReport } from '../claude/install.ts'
import { liveClients } from '../claude/live.ts'
import { isMaterial } from '../claude/material.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import type { DirectWay } from '../git-store/remote.ts'
import { type Classification, type Oid, parseSessionId, type SessionId, type SessionState } from '../model.ts'
import { chooseRemoteSession } from './choose-remote-session.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { divergedError } from './diverged.ts'
import { beginPolicy, followPolicy } from './follow-policy.ts'
import { tellHolder } from './holder.ts'
import { findLocalSide, type LocalSide, removeCopies } from './local-side.ts'
import { type AppliedFile, emptyBase, type LogBase, materialise } from './materialise.ts'
import type { DropCounts } from './piece-tier.ts'
import { lastOrigin, type Place, placeFor, relocationTo } from './place.ts'
import { type CodeWish, type ReadyCode, type RestoredCode, withCode } from './pull-code.ts'
import { notePull } from './pull-log.ts'
import { recordFiles, recordLinks } from './record-files.ts'
import { currentState, settle } from './records.ts'
import { findRemoteSession } from './remote-session.ts'
import { type BroughtRun, findRunToBring, notePulled, setFree } from './run-pull.ts'
import { describeSigner, otherWriters, type SignerFacts } from './signer-facts.ts'
import { compareSides } from './standing.ts'
import { stateAfterPull } from './state-after-pull.ts'
import { judgeTip, openTip, readTip, type Tip } from './tip.ts'
import { type TrustedTip, trustTip } from './trusted-tip.ts'
import { type Workspace, withInstallation, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'
import { formatTime } from './world.ts'

export interface PullOptions extends CodeWish {
  readonly session?: string | undefined
  readonly remote?: string | undefined
  readonly fork?: boolean
  readonly force?: boolean
  readonly deep?: boolean
  readonly restoreEnv?: boolean
  readonly dryRun?: boolean
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
  /** Top of the work tree that the session is brought to, when that is another one. */
  readonly root?: string | undefined
}

/** Where a session comes from and goes to, when that is not as with the project's remote. */
export interface PullWay {
  /** Another checkout lends it, instead of that remote. */
  readonly direct?: DirectWay
  /** It is to go on in this work tree, also where it lies filed for another one. */
  readonly here?: boolean
}

export interface PullResult {
  readonly session: SessionId
  readonly state: Classification
  readonly tier: 'exact' | 'sanitised'
  readonly from: { readonly principal: string; readonly device: string; readonly host: string }
  /** Whose key signed the tip. */
  readonly signer: SignerFacts
  /** Everybody else whose words it holds; their rows are sanitised. */
  readonly writers: readonly string[]
  /** Rows and files of theirs that were left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** The code that the sender had checked out. */
  readonly codeCommit: Oid | null
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
  /** `carried`: it was pushed with its code changes. `restored`: what was done about the code here, or would be. */
  readonly code: { readonly carried: boolean; readonly restored: RestoredCode | null }
  /** It ran in the background on this machine, and is brought from there for the first time. */
  readonly run: BroughtRun | null
}

/** Everything known before a byte is written. */
interface Incoming {
  readonly ws: Workspace
  readonly device: DeviceKey
  readonly tip: TrustedTip
  readonly state: SessionState | null
  readonly local: LocalSide | null
  readonly options: PullOptions
  readonly code: ReadyCode | null
  /** What the sanitised tier leaves out, counted while it is written. */
  readonly dropped: DropCounts
  /** Somebody else says where the session was launched. */
  readonly stayInProject: boolean
  readonly here: boolean
  readonly run: BroughtRun | null
}

export async function pullSession(world: World, options: PullOptions): Promise<PullResult> {
  return pullBy(world, options, {})
}

/** `pullSession` by another way. */
export async function pullBy(
  world: World,
  options: PullOptions,
  { direct, here = false }: PullWay,
): Promise<PullResult> {
  return withLockedWorkspace(world, { ...options, direct }, async (ws) => {
    await beginPolicy(ws)
    const device = await loadDevice(world, ws.repo)
    const wanted = options.session ?? (await chooseRemoteSession(ws))
    const run = await findRunToBring(ws, wanted)
    const found = await findRemoteSession(ws, run?.session ?? wanted)
    await followPolicy(ws)
    const state = await currentState(ws, found.session)
    const tip = await readTip(ws, found.session, found.commit)
    // Whoever wants the code of another project here says so twice; who signed it is judged as ever.
    const allowOtherProject = wantsCode(options) && (options.force ?? false)
    const own = await ownRecipients(world, device)
    const signer = await judgeTip(ws, tip, { own, state: options.force ? null : state, allowOtherProject })
    const open = await trustTip(ws, await openTip(ws, tip, device), signer, { own, state })
    const local = await findLocalSide(ws, found.session, state)
    // What was relocated deeply once goes on so: its later rows hang on rows that it left out.
    const deep = options.deep || (state?.deep ?? false)
    const dropped: DropCounts = new Map()
    const stayInProject = signer.kind !== 'own'
    await tellHolder(ws, device, open.manifest.holder)
    const brought = run ? await setFree(ws, run, options.dryRun ?? false) : null
    const freed = run && brought?.worktree === null ? run.worktree : null
    return withCode(ws, open, { ...options, tier: open.tier, freed }, async (code) => {
      // A session that ran beside this checkout goes on in it.
      const root = code?.isNew ? code.folder : run ? ws.repo.top : undefined
      const incoming: Incoming = {
        ws,
        device,
        tip: open,
        state,
        local,
        options: { ...options, deep, root },
        code,
        dropped,
        stayInProject,
        here,
        run: brought,
      }
      const result = await restore(incoming)
      if (result.install !== null) await notePull(ws, device, open)
      if (run && !options.dryRun) await notePulled(ws, run.session)
      return result
    })
  })
}

function wantsCode({ checkout, worktree }: CodeWish): boolean {
  return (checkout ?? false) || worktree !== undefined
}

function restore(incoming: Incoming): Promise<PullResult> {
  const { options, local } = incoming
  if (options.fork) return pullFork(incoming)
  return local ? pullOnto(incoming, local) : pullNew(incoming)
}

/** The remote one becomes a session of its own here; the local one is not touched. */
async function pullFork(incoming: Incoming): Promise<PullResult> {
  const { ws, tip } = incoming
  const as = parseSessionId(ws.world.uuid())
  const place = newPlace(incoming, as)
  return withInstallation(ws, as, async (install) => {
    const applied = await materialise(ws, tip, emptyBase, place, install, incoming.dropped)
    return report(incoming, 'new', place, applied, await finish(incoming, install))
  })
}

async function pullNew(incoming: Incoming): Promise<PullResult> {
  return replaceBy(incoming, 'new', emptyBase, newPlace(incoming), null)
}

function newPlace({ ws, tip, options, stayInProject }: Incoming, as?: SessionId): Place {
  return placeFor(ws, tip.session, lastOrigin(tip.manifest), { ...options, as, stayInProject })
}

async function pullOnto(incoming: Incoming, local: LocalSide): Promise<PullResult> {
  const { ws, state, tip, options } = incoming
  const { found, base, messages, ...standing } = await compareSides(ws, tip, local, state, options)
  if (found === 'diverged' && !options.force) throw divergedError(ws, tip, local.collected, messages)
  const elsewhere = incoming.here && standing.place?.here.root !== ws.repo.top
  const moves = options.root !== undefined || elsewhere
  if (moves && found === 'local-ahead' && !options.force) throw aheadAndMoving(tip)
  const stays = moves ? undefined : standing.place
  const place = stays ?? newPlace(incoming)
  if (moves) return replaceBy(incoming, found, emptyBase, place, local)
  const changes = (options.deep && !state?.deep) || options.restoreEnv
  const anew = found === 'same' ? changes : options.force
  if (anew) return replaceBy(incoming, found, emptyBase, place, local)
  if (found === 'fast-forward') return replaceBy(incoming, found, base, place, local)
  return stayAsIs(incoming, found, base, place, local)
}

/** In another folder it is written from the remote's log, which lacks what was added here. */
function aheadAndMoving(tip: Pick<Tip, 'session'>): TeleportError {
  return new TeleportError(
    'diverged',
    `session ${tip.session} is further here than on the remote, so it cannot be brought to another folder`,
    {
      hint: `git teleport push --with-changes ${tip.session}   (then pull again; or leave the session in its folder)`,
    },
  )
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
  return withInstallation(ws, tip.session, async (install) => {
    const applied = await materialise(ws, tip, base, place, install, incoming.dropped)
    if (local) {
      await removeCopies(local, install, options.force ?? false)
      removeLeftovers(incoming, applied, base, local, install)
    }
    const done = await finish(incoming, install)
    if (done) await record(incoming, place, applied, base)
    return report(incoming, found, place, applied, done)
  })
}

/**
 * When the whole log was applied, files of the old copy that it does not hold go too: those in the session's own folders,
 * and those elsewhere that an earlier pull or push recorded as the session's.
 */
function removeLeftovers(
  { state }: Incoming,
  applied: ReadonlyMap<string, AppliedFile>,
  base: LogBase,
  local: LocalSide,
  install: Installation,
): void {
  if (base !== emptyBase) return
  const kept = new Set([...applied.values()].map((file) => file.target))
  const recorded = new Set(Object.values(state?.files ?? {}).map(({ localPath }) => localPath))
  for (const file of local.collected.files) {
    const own = file.name.startsWith('session') || /^(?:file-history|tasks|todos)\//.test(file.name)
    const ours = own || (recorded.has(file.localPath) && isMaterial(file.name))
    if (ours && !kept.has(file.localPath)) install.remove(file.localPath)
  }
}

async function stayAsIs(
  incoming: Incoming,
  found: Classification,
  base: LogBase,
  place: Place,
  local: LocalSide,
): Promise<PullResult> {
  const { ws, tip, options } = incoming
  if (local.copies.length > 0 && !options.dryRun) {
    await refuseWhenOpen(incoming)
    await withInstallation(ws, tip.session, async (install) => {
      await removeCopies(local, install, options.force ?? false)
      await install.commit()
    })
  }
  if (!options.dryRun) await incoming.code?.apply()
  if (base === emptyBase && !options.dryRun) await recordPrefix(incoming, place)
  return report(incoming, found, place, new Map(), null)
}

/** The record was lost or is old: what the remote holds is a prefix of what lies here, and is recorded as that. */
async function recordPrefix(incoming: Incoming, place: Place): Promise<void> {
  const { ws, tip } = incoming
  await withInstallation(ws, tip.session, async (install) => {
    await record(incoming, place, await materialise(ws, tip, emptyBase, place, install), emptyBase)
  })
}

async function record(
  incoming: Incoming,
  place: Place,
  applied: ReadonlyMap<string, AppliedFile>,
  base: LogBase,
): Promise<void> {
  const { ws, device, tip, state, local } = incoming
  const scan = base === emptyBase ? null : (local?.collected.scan ?? null)
  const files = await recordFiles(applied, base, await historyView(ws.claude, place.here.session))
  await settle(
    ws,
    await stateAfterPull(ws, device, tip, place, {
      files,
      links: recordLinks(applied),
      previous: state,
      scan,
    }),
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

async function finish(incoming: Incoming, install: Installation): Promise<InstallReport | null> {
  if (incoming.options.dryRun) return null
  // First, since it is what may fail; a pull in its folder brings the conversation if that should.
  await incoming.code?.apply()
  incoming.ws.world.progress.step('installing')
  return install.commit()
}

async function report(
  incoming: Incoming,
  state: Classification,
  place: Place,
  applied: ReadonlyMap<string, AppliedFile>,
  done: InstallReport | null,
): Promise<PullResult> {
  const { tip, ws, local, dropped } = incoming
  const signer = describeSigner(tip)
  const origin = lastOrigin(tip.manifest)
  const transcript = applied.get('session.jsonl')?.target ?? local?.file.path ?? ''
  const staged = [...applied.values()].filter((file) => file.staged !== null)
  const pairs = tip.manifest.origins.flatMap((each) => relocationTo(place, each).pairs)
  const distinct = new Map(pairs.filter(({ from, to }) => from !== to).map((pair) => [pair.from, pair]))
  ws.world.progress.done()
  return {
    session: place.here.session,
    state,
    tier: tip.tier,
    // What the origin says of itself is the sender's word; the policy's is not.
    from: {
      principal: signer.principal ?? origin?.principal ?? '',
      device: tip.device,
      host: origin?.host ?? '',
    },
    signer,
    writers: await otherWriters(ws, tip),
    dropped: Object.fromEntries([...dropped].sort(([a], [b]) => (a < b ? -1 : 1))),
    codeCommit: tip.trailers.commit,
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
    code: { carried: carriesCode(incoming, applied), restored: incoming.code?.told() ?? null },
    run: incoming.run,
  }
}

/** By what was applied just now, or what the record knows when nothing was. */
function carriesCode({ state }: Incoming, applied: ReadonlyMap<string, AppliedFile>): boolean {
  const known = applied.get(codeNames.state)?.progress ?? state?.files[codeNames.state]
  return known !== undefined && !known.gone
}
