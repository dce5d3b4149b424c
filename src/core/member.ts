/** `member`: edits the team's files in the working tree, for a pull request; nothing counts before that is merged. */

import { parseRecipient } from '../crypto/recipient.ts'
import { deviceIdOf, parseSshPublicKey, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { TeleportError } from '../errors.ts'
import { gitConfig, globalConfigValue, openUserRepo, type UserRepo } from '../git-store/user-repo.ts'
import type { DeviceId, ExtraReader, MemberKey } from '../model.ts'
import { formatSignerLine, isPrincipal, parseAllowedSigners } from '../trust/allowed-signers.ts'
import { formatReader, withLine, withoutReaders, withoutSigners } from '../trust/edit-team.ts'
import type { PolicyFileName } from '../trust/policy-text.ts'
import { parseRecipients } from '../trust/recipients.ts'
import { readTeamFile, writeTeamFile } from '../trust/team-files.ts'
import { fetchPublishedKeys, keysUrlOf } from './published-keys.ts'
import { fingerprintOf, readKey } from './team.ts'
import type { World } from './world.ts'

export interface AddOptions {
  /** A member's name; for a reader, what it is called. */
  readonly name: string
  /** One or more lines of public keys. */
  readonly keys?: string | undefined
  /** `github:<user>` */
  readonly from?: string | undefined
  readonly keysUrl?: string | undefined
  /** Reads everything and signs nothing. */
  readonly reader?: boolean
  readonly dryRun?: boolean
}

export interface EditedTeam {
  readonly file: string
  /** Lines that came, or went. */
  readonly lines: readonly string[]
  readonly devices: readonly DeviceId[]
  /** What makes the change count. */
  readonly next: readonly string[]
}

/** Throws `bad-key`, `member-exists`, `bad-policy` for files that are wrong already, `needs-confirmation`. */
export async function addMember(world: World, options: AddOptions): Promise<EditedTeam> {
  const repo = await openRepo(world)
  const subject = `team: add ${options.name}`
  if (options.reader) {
    if (!/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u.test(options.name)) throw badName(options.name)
    const text = (await readTeamFile(repo.top, 'recipients')) ?? ''
    const readers = await readersToAdd(world, repo, options)
    const lines = readers.map((reader) => formatReader(reader))
    const next = lines.reduce(withLine, text)
    refuseKnown(parseRecipients(text, parseRecipient), readers)
    parseRecipients(next, parseRecipient)
    return edit(repo, 'recipients', { lines, devices: [] }, { text: next, subject, dryRun: options.dryRun })
  }
  if (!isPrincipal(options.name)) throw badName(options.name)
  const text = (await readTeamFile(repo.top, 'allowed_signers')) ?? ''
  const keys = await keysToAdd(world, repo, options)
  const lines = keys.map((key) => signerLine(options.name, key))
  refuseKnown(parseAllowedSigners(text, readKey), keys)
  const next = lines.reduce(withLine, text)
  parseAllowedSigners(next, readKey)
  const devices = keys.map((key) => deviceIdOf(key.blob))
  return edit(repo, 'allowed_signers', { lines, devices }, { text: next, subject, dryRun: options.dryRun })
}

/** What a member of this repository's team would commit to let `publicKey` in. */
export async function joinLines(
  world: World,
  publicKey: string,
): Promise<{ readonly line: string; readonly command: string }> {
  const email = (await globalConfigValue(world.env, 'user.email')) ?? ''
  const principal = isPrincipal(email) ? email : 'you@example.org'
  const key = parseSshPublicKey(publicKey)
  return {
    line: signerLine(principal, key),
    command: `git teleport member add ${principal} "${publicKey}"`,
  }
}

/** The line that lets one device in. */
export function signerLine(principal: string, key: Pick<SshPublicKey, 'recipient' | 'comment'>): string {
  return formatSignerLine(
    { principal, recipient: key.recipient, validAfter: null, validBefore: null },
    key.comment,
  )
}

/** Takes out every line of a principal, the one of a device, or an extra reader. Throws `no-member`, `bad-policy`. */
export async function removeMember(
  world: World,
  options: { readonly who: string; readonly dryRun?: boolean },
): Promise<EditedTeam> {
  const repo = await openRepo(world)
  const { who } = options
  const change = { subject: `team: remove ${who}`, dryRun: options.dryRun }
  const signers = (await readTeamFile(repo.top, 'allowed_signers')) ?? ''
  const isMeant = (member: MemberKey) => member.principal === who || member.device === who
  const members = parseAllowedSigners(signers, readKey).filter(isMeant)
  if (members.length > 0) {
    const lines = members.map((member) => formatSignerLine(member))
    const devices = members.map(({ device }) => device)
    const text = withoutSigners(signers, readKey, isMeant)
    return edit(repo, 'allowed_signers', { lines, devices }, { ...change, text })
  }
  const recipients = (await readTeamFile(repo.top, 'recipients')) ?? ''
  const readers = parseRecipients(recipients, parseRecipient).filter(
    (reader) => reader.recipient === who || (reader.comment !== '' && reader.comment === who),
  )
  if (readers.length === 0) {
    throw new TeleportError('no-member', `there is no member, device or reader "${who.slice(0, 80)}"`, {
      hint: 'git teleport member list',
    })
  }
  const gone = new Set(readers.map(({ recipient }) => recipient))
  const text = withoutReaders(recipients, parseRecipient, (recipient) => gone.has(recipient))
  return edit(repo, 'recipients', { lines: [...gone], devices: [] }, { ...change, text })
}

interface Change {
  readonly text: string
  readonly subject: string
  readonly dryRun: boolean | undefined
}

async function edit(
  repo: UserRepo,
  name: PolicyFileName,
  what: Pick<EditedTeam, 'lines' | 'devices'>,
  { text, subject, dryRun }: Change,
): Promise<EditedTeam> {
  const file = `.teleport/${name}`
  if (!dryRun) await writeTeamFile(repo.top, name, text)
  return { file, ...what, next: [`git add ${file}`, `git commit -m '${subject.replaceAll("'", '')}'`] }
}

async function keysToAdd(
  world: World,
  repo: UserRepo,
  options: AddOptions,
): Promise<readonly SshPublicKey[]> {
  if (options.keys !== undefined) return linesIn(options.keys).map((line) => parseSshPublicKey(line))
  return publishedKeys(world, repo, options)
}

async function readersToAdd(
  world: World,
  repo: UserRepo,
  options: AddOptions,
): Promise<readonly ExtraReader[]> {
  const readers =
    options.keys === undefined
      ? await publishedKeys(world, repo, options)
      : linesIn(options.keys).map((line) => parseRecipient(line))
  return readers.map(({ recipient }) => ({ recipient, comment: options.name }))
}

function linesIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.length > 0) return keys
  throw new TeleportError('bad-key', 'there is no public key in what was given', {
    hint: 'git teleport member add <principal> "ssh-ed25519 AAAA…"',
  })
}

async function publishedKeys(
  world: World,
  repo: UserRepo,
  options: AddOptions,
): Promise<readonly SshPublicKey[]> {
  const url =
    options.keysUrl ?? keysUrlOf(options.from ?? '', (await gitConfig(repo)).get('teleport.keysurl')?.at(-1))
  const { keys, unusable } = await fetchPublishedKeys(world, url)
  if (unusable > 0) world.note(`${unusable} of the keys there can sign and not decrypt, and were left out`)
  if (keys.length === 0) {
    throw new TeleportError('bad-key', `${url} has no ed25519 or RSA key`, {
      hint: 'ask for the line that `git teleport init` prints there',
    })
  }
  world.show([`${url} says these keys are ${options.name}'s; the host could have put in others:`])
  world.show(keys.map(({ key, fingerprint: print }) => `  ${key.type} ${print}`))
  if (await world.confirm(`Add ${keys.length === 1 ? 'this key' : `these ${keys.length} keys`}?`)) {
    // The host's answer has no word on which machine a key is on.
    return keys.map(({ key }) => ({ ...key, comment: '' }))
  }
  throw new TeleportError('interrupted', 'nothing was changed')
}

function refuseKnown(
  known: readonly { readonly recipient: string }[],
  added: readonly { readonly recipient: string }[],
): void {
  const recipients = new Set(known.map(({ recipient }) => recipient))
  const twice = added.find(({ recipient }) => recipients.has(recipient))
  if (!twice) return
  throw new TeleportError('member-exists', `the key ${fingerprintOf(twice.recipient)} is there already`, {
    hint: 'git teleport member list',
  })
}

function badName(name: string): TeleportError {
  return new TeleportError('usage', `"${name.slice(0, 60)}" cannot be the name of a member`, {
    hint: 'use an e-mail address, or letters, digits and . _ % + @ -',
  })
}

function openRepo(world: World): Promise<UserRepo> {
  return openUserRepo(world.cwd, world.env, { background: world.background, signal: world.signal })
}
