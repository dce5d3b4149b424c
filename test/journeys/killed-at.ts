/** Power cuts: the same command from the same start, killed at one moment after the other. */

import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { cli } from '../support/cli.ts'
import { must } from '../support/sandbox.ts'
import type { Home, Seat } from './seat.ts'

/** Steps that change more than unnamed objects, whose number depends on where their random names fall. */
const telling = /\.git-teleport|\/installs\/|\/state\/|update-ref|git push|rm .*\/lock/

/** Runs the command again and again from the same start, kills it at `count` different moments, and lets `check` look. */
export async function killedAt(
  t: ExecutionContext,
  home: Home,
  seat: Seat,
  argv: readonly string[],
  count: number,
  check: (about: string) => Promise<void>,
  steps: RegExp = telling,
): Promise<void> {
  const { folder } = home.sandbox
  const saved = `${folder}-saved`
  t.teardown(() => rm(saved, { recursive: true, force: true }))
  const copy = async (from: string, to: string) => {
    await rm(to, { recursive: true, force: true })
    must(await seat.machine.run('cp', ['-a', from, to], { cwd: '/' }), 'cp')
  }
  const log = path.join(folder, 'steps')
  const preload = {
    NODE_OPTIONS: `--import ${path.join(import.meta.dirname, 'kill-at.js')}`,
    KILL_STEPS: steps.source,
  }
  await copy(folder, saved)
  const whole = await cli(seat.machine, argv, { cwd: seat.top, env: { ...preload, KILL_LOG: log } })
  t.is(whole.exitCode, 0, whole.stderr)
  const seen = (await readFile(log, 'utf8')).trimEnd().split('\n')
  t.true(seen.length > count, `${seen.length} steps`)
  for (let at = 0; at < count; at += 1) {
    const moment = Math.round((at * (seen.length - 1)) / (count - 1))
    await copy(saved, folder)
    const env = { ...preload, KILL_AT: String(moment + 1) }
    const killed = await cli(seat.machine, argv, { cwd: seat.top, env })
    const about = `killed before step ${moment + 1}: ${seen[moment]}`
    t.is(killed.exitCode, null, about)
    await check(about)
  }
  await copy(saved, folder)
}
