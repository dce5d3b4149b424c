/** Long answers on a terminal go through the user's pager; everything else goes to stdout as it is. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { userPager } from '../core/pager.ts'
import type { World } from '../core/world.ts'
import { stopIfInterrupted } from '../errors.ts'
import type { Progress } from '../model.ts'
import type { Io } from './io.ts'

export interface Output {
  /** Resolves when more may come. Throws `ReaderGone` when the person has left the pager. */
  write(text: string): Promise<void>
  /** Nothing may be drawn on the terminal any more. */
  readonly isPaging: boolean
}

class ReaderGone extends Error {}

/**
 * Runs `work`; the pager starts with its first words, and the program goes on when the person has left it. Having left
 * early is no error: then `undefined` is returned.
 */
export async function withOutput<T>(
  io: Io,
  world: World,
  usePager: boolean,
  work: (output: Output, world: World) => Promise<T>,
): Promise<T | undefined> {
  const pager = usePager && canPage(io) ? await userPager(world) : null
  let opened: Pager | null | undefined
  const output: Output = {
    async write(text) {
      if (text === '') return
      if (opened === undefined) {
        world.progress.done()
        opened = pager === null ? null : await openPager(io, pager)
      }
      if (opened) {
        // Whoever types Ctrl-C in a pager means the pager.
        await opened.write(text)
        return
      }
      stopIfInterrupted(io.signal)
      if (!io.stdout.write(text)) await once(io.stdout, 'drain')
    },
    get isPaging() {
      return Boolean(opened)
    },
  }
  try {
    return await work(output, { ...world, progress: silentWhilePaging(world.progress, output) })
  } catch (error) {
    if (error instanceof ReaderGone) return undefined
    throw error
  } finally {
    await opened?.end()
  }
}

/** A terminal without abilities shows a pager's complaints instead of the answer. Windows names no terminal. */
function canPage({ isTerminal, env, platform }: Io): boolean {
  const kind = env['TERM'] ?? (platform === 'win32' ? 'windows' : 'dumb')
  return isTerminal.stdout && kind !== 'dumb' && kind !== ''
}

function silentWhilePaging(progress: Progress, output: Output): Progress {
  const unless = (work: () => void) => {
    if (!output.isPaging) work()
  }
  return {
    step: (doing, totalBytes) => unless(() => progress.step(doing, totalBytes)),
    advance: (bytes) => unless(() => progress.advance(bytes)),
    done: () => unless(() => progress.done()),
  }
}

interface Pager {
  write(text: string): Promise<void>
  end(): Promise<void>
}

/** Null when it cannot be started: then there is none. */
async function openPager(io: Io, line: string): Promise<Pager | null> {
  // As git does: what needs no shell gets none, so that a pager that is not there is noticed.
  const shell = /[|&;<>()$`\\"' \t\n*?[#~=%]/.test(line)
  const env = { LESS: 'FRX', LV: '-c', ...io.env, GIT_PAGER_IN_USE: '1' }
  const child = spawn(line, { cwd: io.cwd, env, shell, stdio: ['pipe', 'inherit', 'inherit'] })
  const { stdin } = child
  // Set before anything is awaited, so that no error is without a listener.
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const started = await once(child, 'spawn').then(
    () => true,
    () => false,
  )
  if (!started || !stdin) return null
  child.on('error', () => undefined)
  return pagerOn(stdin, closed, child)
}

function pagerOn(stdin: Writable, closed: Promise<void>, child: ChildProcess): Pager {
  let gone = child.exitCode !== null
  stdin.on('error', () => {
    gone = true
  })
  void closed.then(() => {
    gone = true
  })
  const giveBack = leaveInterruptsToPager()
  return {
    async write(text) {
      if (!gone && stdin.write(text)) return
      if (!gone) await Promise.race([once(stdin, 'drain').catch(() => undefined), closed])
      if (gone) throw new ReaderGone()
    },
    async end() {
      stdin.end()
      await closed
      giveBack()
    },
  }
}

/** Ctrl-C means something in a pager, and whoever ended before it would leave it alone with the terminal. */
function leaveInterruptsToPager(): () => void {
  const listeners = process.listeners('SIGINT')
  const ignore = () => undefined
  process.removeAllListeners('SIGINT')
  process.on('SIGINT', ignore)
  return () => {
    process.off('SIGINT', ignore)
    for (const listener of listeners) process.on('SIGINT', listener)
  }
}
