/** Puts onto a remote what no honest program would: commits and trees of any content, signed by any key. */

import { spawnSync } from 'node:child_process'
import { formatCommitMessage, parseCommitMessage } from '../../src/bundle/trailers.ts'
import { type DeviceKey, loadDeviceKey } from '../../src/crypto/device-key.ts'
import { formatCommit, parseCommit, withSignature } from '../../src/git-store/commit.ts'
import { sessionRef } from '../../src/git-store/refs.ts'
import { isOid, type Oid, type SessionId, type Trailers } from '../../src/model.ts'
import type { Seat, SharedWorld } from './shared-world.ts'

export interface Forgery {
  /** Null: unsigned. */
  readonly signer: DeviceKey | null
  readonly tree?: Oid
  readonly parent?: Oid | null
  /** Of the committer; that of the tip unless told. */
  readonly seconds?: number
  readonly trailers?: Partial<Trailers>
  /** The last word on the message, after the trailers. */
  readonly message?: (text: string) => string
}

/** Makes a commit like the tip of `session`, but for what `forgery` says, and returns it. Moves no ref. */
export async function forgeCommit(world: SharedWorld, session: SessionId, forgery: Forgery): Promise<Oid> {
  const tip = parseCommit(remoteGit(world, ['cat-file', 'commit', sessionRef(session)]))
  const [subject = ''] = tip.message.split('\n')
  const trailers = { ...parseCommitMessage(tip.message), ...forgery.trailers }
  const text = formatCommitMessage(subject, trailers)
  const person = { ...tip.committer, seconds: forgery.seconds ?? tip.committer.seconds }
  const payload = formatCommit({
    tree: forgery.tree ?? tip.tree,
    parent: forgery.parent === undefined ? tip.parent : forgery.parent,
    author: person,
    committer: person,
    message: forgery.message?.(text) ?? text,
  })
  const { signer } = forgery
  const raw = signer ? withSignature(payload, await signer.sign(payload), 'sha1') : payload
  return remoteOid(world, ['hash-object', '-t', 'commit', '-w', '--stdin'], raw)
}

/** Makes `commit` the tip of `session` on the remote while `work` runs. */
export async function withTip(
  world: SharedWorld,
  session: SessionId,
  commit: Oid,
  work: () => Promise<unknown>,
): Promise<void> {
  const before = remoteOid(world, ['rev-parse', sessionRef(session)])
  remoteGit(world, ['update-ref', sessionRef(session), commit])
  try {
    await work()
  } finally {
    remoteGit(world, ['update-ref', sessionRef(session), before])
  }
}

/** The tip's tree with other blobs in the places that `replaced` names, such as `key.age` or `segments/0001`. */
export function forgeTree(
  world: SharedWorld,
  session: SessionId,
  replaced: Readonly<Record<string, Uint8Array>>,
): Oid {
  const entries = (tree: string) =>
    remoteGit(world, ['ls-tree', tree])
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => /^(\d+ \w+) ([0-9a-f]+)\t(.+)$/.exec(line) ?? [])
  const make = (tree: string, prefix: string): Oid => {
    const lines = entries(tree).map(([, kind = '', oid = '', name = '']) => {
      const content = replaced[prefix + name]
      const isTree = kind.endsWith(' tree')
      const next = isTree ? make(oid, `${prefix}${name}/`) : content ? forgeBlob(world, content) : oid
      return `${kind} ${next}\t${name}\n`
    })
    return remoteOid(world, ['mktree'], Buffer.from(lines.join('')))
  }
  return make(`${sessionRef(session)}^{tree}`, '')
}

export function forgeBlob(world: SharedWorld, content: Uint8Array): Oid {
  return remoteOid(world, ['hash-object', '-w', '--stdin'], content)
}

export function readTipBlob(world: SharedWorld, session: SessionId, name: string): Buffer {
  return remoteGit(world, ['cat-file', 'blob', `${sessionRef(session)}:${name}`])
}

export function remoteOid(world: SharedWorld, args: readonly string[], input?: Uint8Array): Oid {
  const oid = remoteGit(world, args, input).toString().trim()
  if (isOid(oid)) return oid
  throw new Error(`git ${args.join(' ')} printed no object id`)
}

/** Runs git in the bare remote, as whoever has its disk may. */
export function remoteGit(world: SharedWorld, args: readonly string[], input?: Uint8Array): Buffer {
  const env = { ...world.laptop.machine.env }
  const ran = spawnSync('git', args, { cwd: world.remote, env, input, maxBuffer: 64 * 1024 ** 2 })
  if (ran.status === 0) return ran.stdout
  throw new Error(`git ${args.join(' ')} ended with ${ran.status}: ${ran.stderr}`)
}

export function keyOf({ machine }: Seat): Promise<DeviceKey> {
  const ask = () => Promise.reject(new Error('the key has a passphrase'))
  return loadDeviceKey({ path: `${machine.home}/.config/git-teleport/id_ed25519` }, ask)
}
