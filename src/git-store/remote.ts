/** Chooses the remote that sessions travel through, and the one URL it is reached by. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { mustAskGit } from './git.ts'
import { showOutside } from './outside-text.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

export interface Remote {
  readonly name: string
  /** The push URL with `insteadOf` applied, for both directions. Passwords in it must not be shown. */
  readonly url: string
  /** First 16 hex digits of SHA-256 of `url`: what the store files this remote under. */
  readonly key: string
  /** A place that another checkout lends, reached over a channel of its own; in no configuration. */
  readonly direct?: DirectRemote | undefined
}

export interface DirectRemote {
  /** Commits of the project that the other side says it has. */
  readonly has: readonly Oid[]
  /** Of git's processes: the one transport that the URL needs, where git would not take it by itself. */
  readonly allowProtocol?: string
}

/** What sessions travel through beside the project's remotes: another checkout's, or what this one lends to others. */
export type DirectWay = Remote | { readonly lendsTo: readonly Oid[] }

type Config = ReadonlyMap<string, readonly string[]>

/**
 * `wanted`, else `teleport.remote`, else the only one, else `remote.pushDefault`, the branch's, `origin`.
 * Throws `no-remote`, `ambiguous-remote`, and `remote-access` for a URL that must not be used.
 */
export async function resolveRemote(repo: UserRepo, wanted?: string): Promise<Remote> {
  const config = await gitConfig(repo)
  const name = chooseRemote(config, repo.branch, wanted)
  const url = plainUrl(config, name) ?? (await pushUrl(repo, name))
  requireSafeUrl(name, url)
  return { name, url, key: remoteKey(url) }
}

/** What the store files a remote of this URL under. Pure. */
export function remoteKey(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16)
}

/** The URL where there is no choice and no rule that rewrites it, as nearly everywhere: then git need not be asked. Pure. */
function plainUrl(config: Config, name: string): string | undefined {
  const urls = ['url', 'pushurl'].flatMap((variable) => config.get(`remote.${name}.${variable}`) ?? [])
  const rewritten = [...config.keys()].some((key) => /^url\..*\.(?:push)?insteadof$/s.test(key))
  return urls.length === 1 && !rewritten ? urls[0] : undefined
}

async function pushUrl(repo: UserRepo, name: string): Promise<string> {
  const context = { cwd: repo.top, environment: repo.environment }
  const printed = await mustAskGit(context, ['remote', 'get-url', '--push', '--', name])
  return printed.toString().replace(/\n$/, '')
}

/** The name that `resolveRemote` takes. Pure. */
export function chooseRemote(config: Config, branch: string | null, wanted?: string): string {
  const names = remoteNames(config)
  const last = (key: string) => config.get(key)?.at(-1)
  const asked = wanted ?? last('teleport.remote')
  if (asked !== undefined) return requireKnown(names, asked)
  const [only] = names
  if (only === undefined) {
    throw new TeleportError('no-remote', 'this repository has no remote', {
      hint: 'git remote add origin <url>',
    })
  }
  if (names.length === 1) return only
  const usual = [
    last('remote.pushdefault'),
    ...(branch === null ? [] : [last(`branch.${branch}.pushremote`), last(`branch.${branch}.remote`)]),
    'origin',
  ].find((name) => name !== undefined && names.includes(name))
  if (usual !== undefined) return usual
  throw new TeleportError(
    'ambiguous-remote',
    `several remotes and none is the obvious one: ${showOutside(names.join(', '))}`,
    { hint: 'git config teleport.remote <name>', data: { remotes: names } },
  )
}

/** Names with a URL, in the order of the configuration. A name may hold dots. */
function remoteNames(config: Config): readonly string[] {
  const names = [...config.keys()].flatMap((key) => /^remote\.(.+)\.(?:push)?url$/s.exec(key)?.[1] ?? [])
  return [...new Set(names)]
}

function requireKnown(names: readonly string[], asked: string): string {
  if (names.includes(asked)) return asked
  throw new TeleportError('no-remote', `there is no remote named "${showOutside(asked, 60)}"`, {
    hint: names.length === 0 ? 'git remote add origin <url>' : 'git remote -v',
    data: { remotes: names },
  })
}

/**
 * `ext::` runs a command of the URL’s choice, `fd::` talks to what an open file of ours happens to be, a leading dash is
 * an option to some program further on. Pure. Throws
 * `remote-access`.
 */
export function requireSafeUrl(name: string, url: string): void {
  if (url !== '' && !url.startsWith('-') && !/^(?:ext|fd)::/i.test(url) && !/\p{Cc}/u.test(url)) return
  throw new TeleportError('remote-access', `the URL of remote "${showOutside(name, 60)}" must not be used`, {
    hint: `git remote set-url ${showOutside(name, 60)} <url>`,
  })
}
