/** Our hooks beside everybody else's: each way to have hooks, through install, commit, amend, rebase, push, uninstall. */

import { lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { installHookTools } from '../support/hook-tools.ts'
import { parseJson } from '../support/json.ts'
import { must } from '../support/sandbox.ts'
import { skip } from '../support/tools.ts'
import { digest, filesBelow, type Home, makeHome, type Seat, seatAt, session, tell } from './seat.ts'

/** How somebody comes to have hooks. Each hook of theirs appends its name, arguments and stdin to `$HOME/ran`. */
interface Way {
  /** Prepares the seat and returns the folder that must be the same afterwards, besides the git directory's own. */
  prepare(seat: Seat, home: Home): Promise<Seat>
  /** Their hooks that run. */
  readonly theirs: readonly string[]
}

const names = ['post-commit', 'post-rewrite', 'pre-push'] as const
const witness = (name: string) =>
  `printf '%s %s: ' ${name} "$1" >>"$HOME/ran"\ntr '\\n' ' ' >>"$HOME/ran"\necho >>"$HOME/ran"\n`
/** post-commit has no stdin of its own. */
const body = (name: string) =>
  name === 'post-commit' ? `echo "post-commit $#:" >>"$HOME/ran"\n` : witness(name)

/** A way in which each hook of theirs is one file. */
function byFiles(text: (name: string) => string, mode = 0o755, where = '.git/hooks'): Way {
  return {
    theirs: mode & 0o100 ? names : [],
    async prepare(seat) {
      for (const name of names) await writeHook(path.join(seat.top, where, name), text(name), mode)
      return seat
    },
  }
}

async function writeHook(file: string, text: string, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text, { mode })
}

const hand = (name: string) => `#!/bin/sh\n${body(name)}exit 0\n`

const ways: Readonly<Record<string, Way>> = {
  'no hooks at all': { theirs: [], prepare: async (seat) => seat },
  'no folder of hooks': {
    theirs: [],
    async prepare(seat) {
      await rm(path.join(seat.top, '.git/hooks'), { recursive: true })
      return seat
    },
  },
  'hooks that end with exit 0': byFiles(hand),
  'hooks that end with exec, and stop at errors': byFiles(
    (name) =>
      `#!/usr/bin/env bash\nset -euo pipefail\nexec sh -c '${body(name).replaceAll("'", `'\\''`)}' x "$@"`,
  ),
  'hooks without a first line for the kernel': byFiles((name) => body(name)),
  'hooks that are not executable': byFiles(hand, 0o644),
  'hooks in another language': byFiles(
    (name) =>
      `#!/usr/bin/env node\nconst { appendFileSync, readFileSync } = require('node:fs')\nconst told = '${name}' === 'post-commit' ? '' : ' ' + readFileSync(0, 'utf8').replaceAll('\\n', ' ')\nappendFileSync(process.env.HOME + '/ran', '${name} ' + ('${name}' === 'post-commit' ? process.argv.length - 2 : process.argv[2]) + ':' + told + '\\n')\n`,
  ),
  'hooks that are links': {
    theirs: names,
    async prepare(seat) {
      for (const name of names) {
        await writeHook(path.join(seat.top, 'scripts', name), hand(name), 0o755)
        await symlink(`../../scripts/${name}`, path.join(seat.top, '.git/hooks', name))
      }
      return seat
    },
  },
  'core.hooksPath': {
    theirs: names,
    async prepare(seat) {
      await seat.machine.git(seat.top, 'config', 'core.hooksPath', 'tools/hooks')
      return byFiles(hand, 0o755, 'tools/hooks').prepare(seat, {} as Home)
    },
  },
  // What git-lfs 3 writes, in behaviour: it fails where its program is missing, and reads what pre-push is told.
  'git-lfs': byFiles(
    (name) =>
      `#!/bin/sh\ncommand -v tr >/dev/null 2>&1 || { printf >&2 "lfs is not on your path"; exit 2; }\n${body(name).replaceAll('\n', '\n')}`,
  ),
  // What pre-commit writes, in behaviour: bash that ends in exec, with the hook that it found run before from .legacy.
  'pre-commit': byFiles(
    (name) =>
      `#!/usr/bin/env bash\nHERE="$(cd "$(dirname "$0")" && pwd)"\nARGS=(hook-impl --hook-type=${name})\nARGS+=(--hook-dir "$HERE" -- "$@")\n[ "\${#ARGS[@]}" -gt 3 ] || exit 1\n${body(name)}`,
  ),
  'a linked worktree': {
    theirs: names,
    async prepare(seat, home) {
      await byFiles(hand).prepare(seat, home)
      const top = path.join(seat.machine.home, 'linked tree')
      await seat.machine.git(seat.top, 'worktree', 'add', '--quiet', '-b', 'side', top)
      return seatAt(seat.machine, top)
    },
  },
  'a submodule': {
    theirs: names,
    async prepare(seat, home) {
      const part = await home.sandbox.bareRemote('part')
      const source = path.join(seat.machine.home, 'part')
      await seat.machine.git(seat.machine.home, 'clone', '--quiet', part, source)
      await seat.machine.git(source, 'commit', '--quiet', '--allow-empty', '--message', 'part')
      await seat.machine.git(source, 'push', '--quiet', 'origin', 'HEAD')
      const allowed = ['-c', 'protocol.file.allow=always']
      await seat.machine.git(seat.top, ...allowed, 'submodule', '--quiet', 'add', part, 'part')
      const inner = seatAt(seat.machine, path.join(seat.top, 'part'))
      await byFiles(hand, 0o755, '../.git/modules/part/hooks').prepare(inner, home)
      return inner
    },
  },
}

for (const [name, way] of Object.entries(ways)) {
  test(`commits are noted beside ${name}`, (t) => travel(t, way))
}

for (const tool of ['husky', 'lefthook'] as const) {
  test(`commits are noted beside ${tool}`, async (t) => {
    const programs = await installHookTools().catch((error: unknown) => {
      skip(t, `${tool} cannot be had: ${String(error).slice(0, 300)}`)
    })
    if (programs === undefined) return
    await travel(t, tool === 'husky' ? huskyWay(programs) : lefthookWay(programs))
  })
}

function huskyWay(programs: string): Way {
  return {
    theirs: names,
    async prepare(seat) {
      must(await seat.machine.run(path.join(programs, 'husky'), [], { cwd: seat.top }), 'husky')
      for (const name of names) await writeHook(path.join(seat.top, '.husky', name), body(name), 0o644)
      return seat
    },
  }
}

function lefthookWay(programs: string): Way {
  return {
    theirs: names,
    async prepare(seat) {
      const yaml = names.map((name) => {
        const stdin = name === 'post-commit' ? '' : '\n      use_stdin: true'
        return `${name}:\n  scripts:\n    "${name}.sh":\n      runner: sh${stdin}\n`
      })
      await writeFile(path.join(seat.top, 'lefthook.yml'), yaml.join(''))
      for (const name of names) {
        await writeHook(path.join(seat.top, '.lefthook', name, `${name}.sh`), body(name), 0o755)
      }
      const options = { cwd: seat.top }
      must(await seat.machine.run(path.join(programs, 'lefthook'), ['install'], options), 'lefthook install')
      return seat
    },
  }
}

/** The whole life of our hooks in one repository. */
async function travel(t: ExecutionContext, way: Way): Promise<void> {
  const home = await makeHome(t)
  const seat = await way.prepare(await home.sit('laptop'), home)
  await tell(seat, { bytes: 6000 })
  const alone = await work(seat, 'alone')
  const before = await pictureOf(seat)
  await seat.run(['hook', 'install'])
  const again = await seat.run(['hook', 'install'])
  t.deepEqual(new Set(statesIn(again['hooks'])), new Set(['same']))

  const beside = await work(seat, 'beside')
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
  t.is((await linksOf(seat)).length, links.length)
}

const statesIn = (hooks: unknown) =>
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
    await writeFile(path.join(top, `${word} ${each}`), each)
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

async function linksOf(seat: Seat): Promise<readonly Noted[]> {
  const file = parseJson(await readFile(await storePath(seat, `links/${session}.json`), 'utf8'))
  const links: unknown = Object(file)['links']
  return Array.isArray(links) ? links.map((each: unknown) => Object(each)['link'] as Noted) : []
}

async function storePath(seat: Seat, name: string): Promise<string> {
  return path.join(
    await seat.machine.git(seat.top, 'rev-parse', '--path-format=absolute', '--git-common-dir'),
    'teleport',
    name,
  )
}

/** Every file that our hooks may touch: of the work tree, and of the git directory its hooks and configuration. */
async function pictureOf(seat: Seat): Promise<readonly string[]> {
  const common = path.dirname(await storePath(seat, ''))
  const hooks = path.join(common, 'hooks')
  const config = await readFile(path.join(common, 'config'), 'utf8')
  const files = [...(await filesBelow(hooks)), ...(await filesBelow(seat.top))].filter(
    ([name]) => !/(^|\/)\.git\/|^(alone|beside|after) /.test(name),
  )
  const rows = files.map(([name, bytes]) => `${name}: ${digest(bytes)}`)
  const modes = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(path.join(hooks, name)).catch(() => undefined)
      const target = found?.isSymbolicLink() ? await readlink(path.join(hooks, name)) : ''
      return `${name} ${found?.mode} ${target}`
    }),
  )
  const folder = await lstat(hooks).catch(() => undefined)
  return [...rows, ...modes, config, `hooks: ${folder?.isDirectory()}`]
}
