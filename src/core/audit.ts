/** `audit`: reads every device's index chain on the remote, which is the log of what was pushed, and checks each link. */

import { TeleportError } from '../errors.ts'
import { indexRef, parseRef, patterns } from '../git-store/refs.ts'
import type { DeviceId, Oid, SessionId } from '../model.ts'
import { loadDevice } from './device.ts'
import { believedDevices, knownPeople } from './people.ts'
import { type LoggedPull, readPullLog } from './pull-log.ts'
import { readSightings, rememberSighting, type Sighting } from './sightings.ts'
import { readSignedCommit, type SignedCommit } from './tip.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface AuditOptions {
  readonly remote?: string | undefined
}

/** One signed change of an index. */
export interface AuditEvent {
  readonly time: string
  readonly device: DeviceId
  /** Whose device that is by the policy, `you` for one's own; null for nobody known. */
  readonly who: string | null
  readonly seq: number
  /** `push`, `remove`, `expire`, `rewrap`, `pull` … */
  readonly action: string
  /** Null when it is about several. */
  readonly session: SessionId | null
  readonly commit: Oid
}

/**
 * `gap`: commits are missing or do not follow each other. `rewrite`: not what this machine saw. `forged`: a commit that the
 * device did not sign, or signed for another ref. `unknown-signer`: nobody's device. `cut`: the chain was shortened, and
 * says so; that is no fault.
 */
export type AuditKind = 'gap' | 'rewrite' | 'forged' | 'unknown-signer' | 'cut'

export interface AuditFinding {
  readonly kind: AuditKind
  readonly device: DeviceId
  readonly commit: Oid
  readonly detail: string
}

export interface AuditReport {
  readonly events: readonly AuditEvent[]
  readonly findings: readonly AuditFinding[]
  /** What was restored on this machine. */
  readonly pulls: readonly LoggedPull[]
}

export async function audit(world: World, options: AuditOptions): Promise<AuditReport> {
  return withLockedWorkspace(world, options, async (ws) => {
    const device = await loadDevice(world, ws.repo)
    const believed = believedDevices(await knownPeople(ws, device, 'fresh'))
    const refs = await ws.store.refs.fetch([patterns.indexes], world.progress)
    const events: AuditEvent[] = []
    const findings: AuditFinding[] = []
    for (const [ref, commit] of refs) {
      const parsed = parseRef(ref)
      if (parsed?.kind !== 'index') continue
      world.progress.step('verifying')
      const chain = await auditChain(ws, parsed.device, commit)
      findings.push(...chain.findings)
      const whose = believed.get(parsed.device)
      const who = whose === null ? 'you' : (whose ?? null)
      if (who === null)
        findings.push({
          kind: 'unknown-signer',
          device: parsed.device,
          commit,
          detail: 'nobody’s device, by the policy and your list',
        })
      events.push(...chain.commits.map((each) => eventOf(each, who)))
    }
    findings.push(...(await vanished(ws, new Set(refs.keys()))))
    world.progress.done()
    events.sort((a, b) => (a.time === b.time ? a.seq - b.seq : a.time < b.time ? -1 : 1))
    return { events, findings, pulls: await readPullLog(ws) }
  })
}

interface Chain {
  readonly commits: readonly SignedCommit[]
  readonly findings: readonly AuditFinding[]
}

/** From the tip back to the first commit, or to the first that cannot be trusted. */
async function auditChain(ws: Workspace, device: DeviceId, tip: Oid): Promise<Chain> {
  const commits: SignedCommit[] = []
  const findings: AuditFinding[] = []
  const find = (kind: AuditKind, commit: Oid, detail: string) =>
    findings.push({ kind, device, commit, detail })
  let next: Oid | null = tip
  while (next !== null) {
    const commit: SignedCommit | string = await readLink(ws, device, next)
    if (typeof commit === 'string') {
      find('forged', next, commit)
      break
    }
    const newer = commits.at(-1)
    if (newer && commit.trailers.seq !== newer.trailers.seq - 1)
      find('gap', newer.commit, `entry ${newer.trailers.seq} follows ${commit.trailers.seq}`)
    const { seq, previous } = commit.trailers
    if (commit.parent === null && previous !== null)
      find('cut', commit.commit, `the chain was cut at entry ${seq}, after ${previous}`)
    else if (previous !== commit.parent)
      find(
        'gap',
        commit.commit,
        `entry ${seq} was signed to follow ${previous ?? 'nothing'}, and follows ${commit.parent ?? 'nothing'}`,
      )
    else if (commit.parent === null && seq !== 1)
      find('gap', commit.commit, `the chain starts with entry ${seq}, and names none before it`)
    commits.push(commit)
    next = commit.parent
  }
  findings.push(...(await rewritten(ws, device, commits)))
  const [newest] = commits
  if (newest && findings.every(({ kind }) => kind === 'cut'))
    await rememberSighting(ws, device, { seq: newest.trailers.seq, commit: newest.commit })
  return { commits, findings }
}

/** What is wrong with it, in words, instead of the commit. */
async function readLink(ws: Workspace, device: DeviceId, commit: Oid): Promise<SignedCommit | string> {
  try {
    const signed = await readSignedCommit(ws, commit)
    if (signed.device !== device) return `signed by device ${signed.device}`
    if (signed.trailers.ref !== indexRef(device)) return `signed for ${signed.trailers.ref}`
    return signed
  } catch (error) {
    if (error instanceof TeleportError) return error.message
    throw error
  }
}

/** Every commit that this machine has seen must be in the chain still, as far as the chain goes back. */
async function rewritten(
  ws: Workspace,
  device: DeviceId,
  commits: readonly SignedCommit[],
): Promise<readonly AuditFinding[]> {
  const bySeq = new Map(commits.map(({ trailers, commit }) => [trailers.seq, commit]))
  const [newest] = commits
  const oldest = commits.at(-1)
  if (!newest || !oldest) return []
  const missing = ({ seq, commit }: Sighting) => seq >= oldest.trailers.seq && bySeq.get(seq) !== commit
  const lost = (await seenOf(ws, device)).filter(missing)
  return lost.map(({ seq, commit }) => ({
    kind: 'rewrite',
    device,
    commit,
    detail:
      seq > newest.trailers.seq
        ? `this machine has seen entry ${seq}, and the remote ends with ${newest.trailers.seq}`
        : `entry ${seq} is another one than this machine has seen`,
  }))
}

/** Of its own index a machine remembers only the last state that it wrote or saw. */
async function seenOf(ws: Workspace, device: DeviceId): Promise<readonly Sighting[]> {
  const sightings = await readSightings(ws, device)
  const last = await ws.store.refs.seen(indexRef(device))
  if (last === null || sightings.some(({ commit }) => commit === last)) return sightings
  const commit = await readLink(ws, device, last)
  return typeof commit === 'string' ? sightings : [...sightings, { seq: commit.trailers.seq, commit: last }]
}

/** Indexes that this machine has seen and that are not there any more. */
async function vanished(ws: Workspace, there: ReadonlySet<string>): Promise<readonly AuditFinding[]> {
  const seen = await ws.store.refs.seenAll('index')
  return [...seen].flatMap(([ref, commit]): AuditFinding[] => {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'index' || there.has(ref)) return []
    return [{ kind: 'rewrite', device: parsed.device, commit, detail: 'the index is on the remote no more' }]
  })
}

function eventOf({ seconds, device, trailers, commit }: SignedCommit, who: string | null): AuditEvent {
  return {
    time: formatTime(new Date(seconds * 1000)),
    device,
    who,
    seq: trailers.seq,
    action: trailers.action ?? 'push',
    session: trailers.session,
    commit,
  }
}
