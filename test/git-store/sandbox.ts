/** Real git in a temporary folder with a HOME and a configuration of its own. */

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { scrubEnvironment } from '../../src/git-store/environment.ts'
import type { ObjectFormat } from '../../src/git-store/object-codec.ts'
import { resolveRemote } from '../../src/git-store/remote.ts'
import { openStore, type Store } from '../../src/git-store/store.ts'
import { openUserRepo, type UserRepo } from '../../src/git-store/user-repo.ts'
import { isOid, type Oid, parseSessionId, type SessionId } from '../../src/model.ts'

const run = promisify(execFile)

export interface Sandbox {
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  path(...parts: string[]): string
  /** Runs git in a folder of the sandbox, returns what it prints without the last line feed. */
  git(folder: string, ...args: string[]): Promise<string>
  /** An empty bare repository, which as a remote keeps what it receives in packs. */
  bare(folder: string, format?: ObjectFormat): Promise<string>
  /** A repository without a commit, `url` its origin. */
  project(folder: string, url: string, format?: ObjectFormat): Promise<string>
  write(file: string, text: string, mode?: number): Promise<string>
  /** The store of the repository in `folder`, found as the program finds it; closed at the test's end. */
  open(folder: string): Promise<Store>
  /** The same for a `project` of a `bare` remote, without the processes that find it. */
  openProject(folder: string, url: string, format?: ObjectFormat): Promise<Store>
}

export async function sandbox(t: ExecutionContext): Promise<Sandbox> {
  const dir = await realpath(await mkdtemp(path.join(os.tmpdir(), 'git-teleport-')))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const config = path.join(dir, 'gitconfig')
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: dir,
  }
  await writeFile(config, '[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n')
  const inside = (...parts: string[]) => path.resolve(dir, ...parts)
  const git = async (folder: string, ...args: string[]) => {
    const { stdout } = await run('git', args, { cwd: inside(folder), env, maxBuffer: 64e6 })
    return stdout.replace(/\n$/, '')
  }
  return {
    dir,
    env,
    path: inside,
    git,
    async bare(folder, format = 'sha1') {
      await makeRepository(inside(folder), format, 'bare = true\n[receive]\n\tunpackLimit = 1')
      return inside(folder)
    },
    async project(folder, url, format = 'sha1') {
      const origin = `[remote "origin"]\n\turl = ${url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*`
      await makeRepository(inside(folder, '.git'), format, `bare = false\n${origin}`)
      return inside(folder)
    },
    async write(file, text, mode = 0o644) {
      await mkdir(path.dirname(inside(file)), { recursive: true })
      await writeFile(inside(file), text, { mode })
      return inside(file)
    },
    async open(folder) {
      const repo = await openUserRepo(inside(folder), env)
      return opened(t, await openStore(repo, await resolveRemote(repo)))
    },
    async openProject(folder, url, format = 'sha1') {
      const gitDir = inside(folder, '.git')
      const repo: UserRepo = {
        top: inside(folder),
        gitDir,
        commonDir: gitDir,
        objectFormat: format,
        head: null,
        headTree: null,
        branch: 'main',
        shallow: false,
        environment: scrubEnvironment(env, { background: false }),
      }
      return opened(t, await openStore(repo, { name: 'origin', url, key: '0123456789abcdef' }))
    },
  }
}

function opened(t: ExecutionContext, store: Store): Store {
  t.teardown(() => store.close())
  return store
}

/** What `git init` makes, without the time of a process. */
async function makeRepository(gitDir: string, format: ObjectFormat, config: string): Promise<void> {
  await mkdir(path.join(gitDir, 'objects'), { recursive: true })
  await mkdir(path.join(gitDir, 'refs'))
  await writeFile(path.join(gitDir, 'HEAD'), 'ref: refs/heads/main\n')
  const version = format === 'sha1' ? 0 : 1
  const extensions = format === 'sha1' ? '' : '[extensions]\n\tobjectFormat = sha256\n'
  const text = `[core]\n\trepositoryFormatVersion = ${version}\n\t${config}\n${extensions}`
  await writeFile(path.join(gitDir, 'config'), text)
}

const ada = { name: 'Ada', email: 'ada@example.com', seconds: 1_760_000_000, zone: '+0000' }

/** Writes a commit whose tree is `files`, each a path of one or two parts. */
export async function writeCommit(
  store: Pick<Store, 'objects'>,
  files: Readonly<Record<string, string | Uint8Array>>,
  parent: Oid | null = null,
): Promise<Oid> {
  const { formatCommit } = await import('../../src/git-store/commit.ts')
  const folders = new Map<string, { mode: '100644'; name: string; oid: Oid }[]>()
  for (const [file, content] of Object.entries(files)) {
    const [name = '', folder = ''] = file.split('/').reverse()
    const rows = folders.get(folder) ?? []
    rows.push({ mode: '100644', name, oid: await store.objects.writeBlob(Buffer.from(content)) })
    folders.set(folder, rows)
  }
  const top = folders.get('') ?? []
  folders.delete('')
  const subfolders = [...folders].map(async ([name, rows]) => ({
    mode: '040000' as const,
    name,
    oid: await store.objects.writeTree(rows),
  }))
  const tree = await store.objects.writeTree([...top, ...(await Promise.all(subfolders))])
  return store.objects.writeCommit(
    formatCommit({ tree, parent, author: ada, committer: ada, message: 'push\n' }),
  )
}

export function session(number: number): SessionId {
  const id = `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`
  return parseSessionId(id)
}

export function asOid(text: string): Oid {
  if (isOid(text)) return text
  throw new Error(`not an object id: ${text}`)
}
