/** What every way to have hooks goes through with ours beside: install, commit, amend, rebase, push, uninstall. */

import { lstat, mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { installHooks } from '../../src/core/hook-install.ts'
import { worldOf } from '../support/in-process.ts'
import { isRecord, type JsonRecord, parseJson } from '../support/json.ts'
import { must } from '../support/sandbox.ts'
import { digest, filesBelow, type Home, makeHome, type Seat, session, tell } from './seat.ts'

/** How somebody comes to have hooks. Each hook of theirs appends its name, arguments and stdin to `$HOME/ran`. */
export interface Way {
  /** Prepares the seat and returns the folder that must be the same afterwards, besides the git directory's own. */
  prepare(seat: Seat, home: Home): Promise<Seat>
  /** Their hooks that run. */
  readonly theirs: readonly string[]
  /** Installs ours in another way than with the command. */
  install?(seat: Seat): Promise<JsonRecord>
  /** What else has to hold after each round of work. */
  worked?(t: ExecutionContext, home: Home, word: string): Promise<void>
}

export const hookNames = ['post-commit', 'post-rewrite', 'pre-push'] as const
const witness = (name: string) =>
  `printf '%s %s: ' ${name} "$1" >>"$HOME/ran"\ntr '\\n' ' ' >>"$HOME/ran"\necho >>"$HOME/ran"\n`
/** post-commit has no stdin of its own. */
export const body = (name: string) =>
  name === 'post-commit' ? `echo "post-commit $#:" >>"$HOME/ran"\n` : witness(name)

export async function writeHook(file: string, text: string, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text, { mode })
}

/** `hook install` as for a git that takes hooks from its configuration, or for one that does not, whichever is here. */
export async function installAs(seat: Seat, kind: 'config' | 'files', dryRun = false): Promise<JsonRecord> {
  const options = { dryRun, configHooks: kind === 'config' }
  const result: unknown = await installHooks(worldOf(seat.machine, { cwd: seat.top }), options)
  return isRecord(result) ? result : {}
}

/** The whole life of our hooks in one repository. */
export async function travel(t: ExecutionContext, way: Way): Promise<void> {
  const home = await makeHome(t)
  const seat = await way.prepare(await home.sit('laptop'), home)
  await tell(seat, { bytes: 6000 })
  const install = way.install ?? ((at: Seat) => at.run(['hook', 'install']))
  const alone = await work(seat, 'alone')
  await way.worked?.(t, home, 'alone')
  const before = await pictureOf(seat)
  await install(seat)
  const again = await install(seat)
  t.deepEqual(
    new Set(statesIn(again['hooks'])),
    new Set([again['kind'] === 'config' ? 'configured' : 'same']),
  )

  const beside = await work(seat, 'beside')
  await way.worked?.(t, home, 'beside')
  t.deepEqual(beside.theirs, alone.theirs, 'their hooks run as they did')
  if (way.theirs.length > 0) {
    t.deepEqual(new Set(beside.theirs.map((line) => line.split(' ')[0])), new Set(way.theirs))
  }
  const status = await seat.run(['hook', 'status'])
  t.is(status['installed'], 'yes')
  const links = await linksOf(seat)
  t.deepEqual(
    links.map(({ commit }) => commit).sort(),
    beside.noted.toSorted(),
    'commits and amends, no picks',
  )
  const rewrites = await readFile(await storePath(seat, 'links/rewrites'), 'utf8')
  for (const [old, now] of beside.rewritten)
    t.true(rewrites.includes(`${old} ${now}\n`), 'and what rewrote them')

  await seat.run(['hook', 'uninstall'])
  t.deepEqual(await pictureOf(seat), before, 'uninstall leaves every byte and mode as it was')
  t.is((await seat.run(['hook', 'status']))['installed'], 'no')
  t.deepEqual((await work(seat, 'after')).theirs, alone.theirs)
  await way.worked?.(t, home, 'after')
  t.is((await linksOf(seat)).length, links.length)
}

export const statesIn = (hooks: unknown) =>
  Array.isArray(hooks) ? hooks.map((hook: unknown) => Object(hook)['state'] as unknown) : []

interface Worked {
  /** What their hooks wrote, with commits by their subject. */
  readonly theirs: readonly string[]
  /** Commits that are to be noted. */
  readonly noted: readonly string[]
  /** Old and new commits. */
  readonly rewritten: readonly (readonly [string, string])[]
}

/** Three commits, an amend, a rebase that swaps two of them, a push. */
async function work(seat: Seat, word: string): Promise<Worked> {
  const { machine, top } = seat
  const ran = path.join(machine.home, 'ran')
  await rm(ran, { force: true })
  const env = { CLAUDE_CODE_SESSION_ID: session }
  const git = async (...args: string[]) =>
    must(await machine.run('git', args, { cwd: top, env }), args.join(' '))
  const head = () => machine.git(top, 'rev-parse', 'HEAD')
  const commits: string[] = []
  for (const each of ['one', 'two', 'three']) {
    await writeFile(path.join(top, `${word} ${each}`), `${word} ${each}`)
    await git('add', `${word} ${each}`)
    await git('commit', '--quiet', '--message', `${word} ${each}`)
    commits.push(await head())
  }
  await git('commit', '--quiet', '--amend', '--message', `${word} third`)
  commits.push(await head())
  const swap = `sh -c 'f=$1; { sed -n 2p "$f"; sed -n 1p "$f"; } >"$f.new"; mv "$f.new" "$f"' x`
  await git('-c', `sequence.editor=${swap}`, 'rebase', '--quiet', '--interactive', 'HEAD~2')
  const [after = '', then = ''] = [await machine.git(top, 'rev-parse', 'HEAD~1'), await head()]
  await git('push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${word}`)
  const [, two = '', three = '', third = ''] = commits
  const told = await readFile(ran, 'utf8').catch(() => '')
  const lines = told.split('\n').filter(Boolean)
  return {
    theirs: lines.map((line) => line.replaceAll(/[0-9a-f]{40}/g, 'x').replaceAll(word, 'word')),
    noted: commits,
    rewritten: [
      [three, third],
      [third, after],
      [two, then],
    ],
  }
}

interface Noted {
  readonly commit: string
}

/** Links recorded at the seat and not sent yet; what the hook queued counts once a command has looked at it. */
export async function linksOf(seat: Seat): Promise<readonly Noted[]> {
  const file = parseJson(await readFile(await storePath(seat, `links/${session}.json`), 'utf8'))
  const links: unknown = Object(file)['links']
  return Array.isArray(links) ? links.map((each: unknown) => Object(each)['link'] as Noted) : []
}

export async function storePath(seat: Seat, name: string): Promise<string> {
  return path.join(
    await seat.machine.git(seat.top, 'rev-parse', '--path-format=absolute', '--git-common-dir'),
    'teleport',
    name,
  )
}

/** Every file that our hooks may touch: of the work tree, and of the git directory its hooks and configuration. */
export async function pictureOf(seat: Seat): Promise<readonly string[]> {
  const common = path.dirname(await storePath(seat, ''))
  const hooks = path.join(common, 'hooks')
  const config = await readFile(path.join(common, 'config'), 'utf8')
  const files = [...(await filesBelow(hooks)), ...(await filesBelow(seat.top))].filter(
    ([name]) => !/(^|\/)\.git\/|^(alone|beside|after) /.test(name),
  )
  const rows = files.map(([name, bytes]) => `${name}: ${digest(bytes)}`)
  const modes = await Promise.all(
    hookNames.map(async (name) => {
      const found = await lstat(path.join(hooks, name)).catch(() => undefined)
      const target = found?.isSymbolicLink() ? await readlink(path.join(hooks, name)) : ''
      return `${name} ${found?.mode} ${target}`
    }),
  )
  const folder = await lstat(hooks).catch(() => undefined)
  return [...rows, ...modes, config, `hooks: ${folder?.isDirectory()}`]
}
