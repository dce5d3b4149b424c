/** Pushes what no honest program would to a remote over any transport: plain git, and commits signed by any key. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { formatCommitMessage, parseCommitMessage } from '../../src/bundle/trailers.ts'
import { type DeviceKey, loadDeviceKey } from '../../src/crypto/device-key.ts'
import { formatCommit, parseCommit, withSignature } from '../../src/git-store/commit.ts'
import type { ObjectFormat } from '../../src/git-store/object-codec.ts'
import { isOid, type Oid, type Trailers } from '../../src/model.ts'
import type { Ran } from '../support/run.ts'
import { type Machine, must } from '../support/sandbox.ts'

export interface Planting {
  /** The commit that this one is like. */
  readonly like: string
  /** Null: unsigned. */
  readonly signer: Machine | null
  readonly tree?: Oid
  readonly parent?: Oid | null
  /** Of author and committer. */
  readonly seconds?: number
  readonly trailers?: Partial<Trailers>
  /** The last word on the signed text. */
  readonly text?: (text: string) => string
  /** The last word on the whole commit. */
  readonly raw?: (raw: string) => string
}

export interface Planter {
  readonly url: string
  git(...args: readonly string[]): Promise<string>
  /** Everything that the remote has. */
  fetch(): Promise<void>
  /** Makes a commit here. */
  commit(planting: Planting): Promise<Oid>
  /** Makes the tree of `commit` with another `name` at its top. */
  tree(commit: string, name: string, content: Uint8Array): Promise<Oid>
  oid(revision: string): Promise<Oid>
  push(...refspecs: readonly string[]): Promise<Ran>
}

/** @param machine whose transport is used */
export async function makePlanter(
  machine: Machine,
  url: string,
  format: ObjectFormat = 'sha1',
): Promise<Planter> {
  const folder = path.join(machine.home, 'planter.git')
  await machine.git(machine.home, 'init', '--quiet', '--bare', `--object-format=${format}`, folder)
  const git = (...args: readonly string[]) => machine.git(folder, ...args)
  const write = async (args: readonly string[], stdin: string | Uint8Array) =>
    oidOf(must(await machine.run('git', args, { cwd: folder, stdin }), `git ${args[0]}`).stdout.trim())
  return {
    url,
    git,
    fetch: async () => void (await git('fetch', '--quiet', '--prune', url, '+refs/*:refs/*')),
    async commit({ like, signer, ...more }) {
      const model = parseCommit(Buffer.from(`${await git('cat-file', 'commit', like)}\n`))
      const [subject = ''] = model.message.split('\n')
      const person = { ...model.committer, seconds: more.seconds ?? model.committer.seconds }
      const trailers = { ...parseCommitMessage(model.message), ...more.trailers }
      const payload = formatCommit({
        tree: more.tree ?? model.tree,
        parent: more.parent === undefined ? model.parent : more.parent,
        author: person,
        committer: person,
        message: formatCommitMessage(subject, trailers),
      })
      const text = Buffer.from(more.text?.(Buffer.from(payload).toString()) ?? payload)
      const signed = signer ? withSignature(text, await (await deviceOf(signer)).sign(text), format) : text
      const raw = Buffer.from(signed).toString()
      return write(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], more.raw?.(raw) ?? raw)
    },
    async tree(commit, name, content) {
      const blob = await write(['hash-object', '-w', '--stdin'], content)
      const rows = (await git('ls-tree', commit)).split('\n').filter((row) => !row.endsWith(`\t${name}`))
      return write(['mktree'], `${[...rows, `100644 blob ${blob}\t${name}`].join('\n')}\n`)
    },
    oid: async (revision) => oidOf(await git('rev-parse', revision)),
    push: (...refspecs) =>
      machine.run('git', ['push', '--quiet', '--atomic', url, ...refspecs], { cwd: folder }),
  }
}

function oidOf(text: string): Oid {
  if (isOid(text)) return text
  throw new Error(`no object id: ${text}`)
}

/** The device key that `init` made on that machine. */
export async function deviceOf(machine: Machine): Promise<DeviceKey> {
  const file = path.join(machine.home, '.config/git-teleport/id_ed25519')
  return loadDeviceKey({ text: await readFile(file, 'utf8') }, () => Promise.reject(new Error('asked')))
}
