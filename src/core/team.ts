/** Who is a member of the team: the policy files on the remote's default branch, pinned, and only ever moving forward. */

import { fingerprint, parseRecipient } from '../crypto/recipient.ts'
import { deviceIdOf, parseSshPublicKey } from '../crypto/ssh-public-key.ts'
import { TeleportError } from '../errors.ts'
import { openPolicyRepo, type PolicyRepo } from '../git-store/policy-repo.ts'
import { isOid, type MemberKey, type Oid, type TeamPolicy } from '../model.ts'
import { parseAllowedSigners, type ReadKey } from '../trust/allowed-signers.ts'
import { decodePolicy, maxPolicyBytes, type PolicyFiles, policyFileNames } from '../trust/policy-text.ts'
import { parseRecipients } from '../trust/recipients.ts'
import { noSettings, parseSettings } from '../trust/settings.ts'
import { readManagedPolicy } from './managed-policy.ts'
import { type PolicyPin, readPin, writePin } from './policy-pin.ts'
import { describeChanges, describeTeam, type TeamText } from './team-text.ts'
import type { Workspace } from './workspace.ts'

const asked = new WeakMap<Workspace, Promise<TeamPolicy | null>>()

/**
 * `fresh` asks the remote for its HEAD, once in a command, and moves the pin forward; what is seen for the first time is
 * shown and confirmed. `pinned` goes by what was accepted last, without the remote, as does everything on a direct way,
 * which knows no default branch. Null: no policy files were ever seen
 * for this remote. Throws `policy-not-accepted`, `policy-gone`, `policy-rewound`, `bad-policy`, `remote-access`.
 */
export async function teamPolicy(ws: Workspace, how: 'fresh' | 'pinned'): Promise<TeamPolicy | null> {
  if (how === 'pinned' || ws.remote.direct) return teamOf(await readPin(ws))
  const known = asked.get(ws) ?? freshTeam(ws)
  asked.set(ws, known)
  return known
}

/** The member whose key this very recipient is, when its lifetime holds `at`. */
export function isMemberAt(team: TeamPolicy | null, recipient: string, at: Date): MemberKey | null {
  return team?.members.find((member) => member.recipient === recipient && isValidAt(member, at)) ?? null
}

export function isValidAt(
  { validAfter, validBefore }: Pick<MemberKey, 'validAfter' | 'validBefore'>,
  at: Date,
): boolean {
  const time = at.getTime()
  if (validAfter !== null && time < Date.parse(validAfter)) return false
  return validBefore === null || time < Date.parse(validBefore)
}

async function freshTeam(ws: Workspace): Promise<TeamPolicy | null> {
  // The question to the remote and the look at the pin go side by side.
  const answer = ws.remoteHead()
  const pin = await readPin(ws)
  const head = await answer
  if (head === null) {
    if (pin?.files) throw gone(ws, 'has no default branch any more')
    return null
  }
  if (pin?.commit === head) return teamOf(pin)
  ws.world.progress.step('reading the team’s policy')
  const repo = await openPolicyRepo(ws.repo, ws.store.dir, ws.remote)
  const next = pin?.files ? await goOn(ws, repo, pin, pin.files, head) : await firstSight(ws, repo, head)
  await writePin(ws, next)
  return teamOf(next)
}

/** A policy that was accepted before: the new one must descend from it and still have every file. */
async function goOn(
  ws: Workspace,
  repo: PolicyRepo,
  pin: PolicyPin,
  before: PolicyFiles,
  head: Oid,
): Promise<PolicyPin> {
  const commit = await repo.bring(head, pin.commit)
  const files = await readFiles(repo, commit)
  if (!(await repo.descends(commit, pin.commit))) {
    if (ws.trustPolicy !== commit || !files) throw rewound(ws, pin.commit, commit)
    return accept(ws, commit, files)
  }
  const missing = policyFileNames.find((name) => before[name] !== null && (files?.[name] ?? null) === null)
  if (!files || missing !== undefined) throw gone(ws, `has no .teleport/${missing} any more`)
  const [old, now] = [parseTeam(pin.commit, before), parseTeam(commit, files)]
  for (const note of now.notes) ws.world.note(note)
  const changes = describeChanges(old.team, now.team, fingerprintOf)
  if (changes.length > 0) ws.world.note(`the team of ${ws.remote.name} has changed: ${changes.join('; ')}`)
  return { format: 1, commit, files }
}

async function firstSight(ws: Workspace, repo: PolicyRepo, head: Oid): Promise<PolicyPin> {
  const commit = await repo.bring(head, null)
  const files = await readFiles(repo, commit)
  if (!files) return { format: 1, commit, files: null }
  const { named } = await trustedCommits(ws)
  if (named.includes(commit)) return accept(ws, commit, files)
  for (const each of named) {
    if (await leadsTo(repo, each, commit)) return accept(ws, commit, files)
  }
  const { team } = parseTeam(commit, files)
  const shown = [`policy commit ${commit}`, ...describeTeam(team, fingerprintOf)]
  if (!ws.world.attended) throw notAccepted(ws, commit, shown)
  ws.world.show([`${ws.remote.name} has a team, seen here for the first time:`, ...shown])
  const yes = await ws.world.confirm(`Believe sessions signed by these members of ${ws.remote.name}?`)
  if (!yes) throw notAccepted(ws, commit, shown)
  return accept(ws, commit, files)
}

/** Whoever trusts a commit trusts what its default branch made of it since, as with a pin. */
async function leadsTo(repo: PolicyRepo, trusted: Oid, head: Oid): Promise<boolean> {
  const commit = await repo.bring(head, trusted)
  if (commit !== head || !(await repo.descends(head, trusted))) return false
  return (await readFiles(repo, trusted)) !== null
}

async function trustedCommits(ws: Workspace): Promise<{ readonly named: readonly Oid[] }> {
  const { trusted } = await readManagedPolicy(ws.world)
  if (ws.trustPolicy === null) return { named: trusted }
  if (!isOid(ws.trustPolicy)) {
    throw new TeleportError('usage', '--trust-policy takes a full commit id', { hint: 'git teleport policy' })
  }
  return { named: [ws.trustPolicy, ...trusted] }
}

function accept(ws: Workspace, commit: Oid, files: PolicyFiles): PolicyPin {
  const { team, notes } = parseTeam(commit, files)
  for (const note of notes) ws.world.note(note)
  const members = new Set(team.members.map(({ principal }) => principal)).size
  ws.world.note(`the policy of ${ws.remote.name} at ${commit} is accepted: ${members} members`)
  return { format: 1, commit, files }
}

async function readFiles(repo: PolicyRepo, commit: Oid): Promise<PolicyFiles | null> {
  const found = await repo.read(commit, policyFileNames, maxPolicyBytes)
  if (found.size === 0) return null
  const text = (name: string): string | null => {
    const bytes = found.get(name)
    if (bytes === undefined) return null
    return decodePolicy(`.teleport/${name}`, bytes ?? new Uint8Array(maxPolicyBytes + 1))
  }
  return { allowed_signers: text('allowed_signers'), recipients: text('recipients'), config: text('config') }
}

function teamOf(pin: PolicyPin | null): TeamPolicy | null {
  return pin?.files ? parseTeam(pin.commit, pin.files).team : null
}

function parseTeam(
  commit: Oid,
  files: PolicyFiles,
): { readonly team: TeamPolicy; readonly notes: readonly string[] } {
  const { notes, ...said } = parseTeamFiles(files)
  return { team: { commit, ...said }, notes }
}

/** What the files say, wherever they are from. Throws `bad-policy`. */
export function parseTeamFiles(files: PolicyFiles): TeamText & { readonly notes: readonly string[] } {
  const { settings, notes } =
    files.config === null
      ? { settings: noSettings, notes: [] }
      : parseSettings('.teleport/config', files.config, { trust: false })
  const members = parseAllowedSigners(files.allowed_signers ?? '', readKey)
  const readers = parseRecipients(files.recipients ?? '', parseRecipient)
  return { members, readers, settings, notes }
}

/** How the parsers of policy files read a key. */
export const readKey: ReadKey = (text) => {
  const { recipient, blob } = parseSshPublicKey(text)
  return { recipient, device: deviceIdOf(blob) }
}

/** `SHA256:…` of an SSH key; an age recipient is short enough. */
export function fingerprintOf(recipient: string): string {
  return recipient.startsWith('age1') ? recipient : fingerprint(parseSshPublicKey(recipient))
}

function notAccepted(ws: Workspace, commit: Oid, shown: readonly string[]): TeleportError {
  return new TeleportError(
    'policy-not-accepted',
    `the policy of ${ws.remote.name} has not been accepted here yet: ${shown.join('; ')}`,
    { hint: `git teleport policy --trust-policy ${commit}`, data: { commit } },
  )
}

function gone(ws: Workspace, what: string): TeleportError {
  return new TeleportError('policy-gone', `${ws.remote.name} ${what}, and its policy was accepted here`, {
    hint: 'if that is meant: git teleport policy --forget',
  })
}

function rewound(ws: Workspace, pinned: Oid, commit: Oid): TeleportError {
  return new TeleportError(
    'policy-rewound',
    `the default branch of ${ws.remote.name} is at ${commit}, which is not known to go on from ${pinned}`,
    {
      hint: `ask who rewrote it; if that is meant: git teleport policy --trust-policy ${commit}`,
      data: { pinned, commit },
    },
  )
}
