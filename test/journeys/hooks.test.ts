/** Our hooks beside everybody else's: each way to have hooks, through install, commit, amend, rebase, push, uninstall. */

import { rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { body, hookNames as names, travel, type Way, writeHook } from './hook-travel.ts'
import { type Home, seatAt } from './seat.ts'

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
