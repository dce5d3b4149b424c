/** A program on a terminal screen of its own: keys go in, the screen is read until it shows what is awaited. */

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Machine, must } from './sandbox.ts'

export interface Screen {
  /** Types text as it is. */
  type(text: string): Promise<void>
  /** Presses keys by tmux's names: `Enter`, `Escape`, `Up`, `C-c`. */
  press(...keys: string[]): Promise<void>
  /** What the screen shows now, without trailing blanks. */
  read(): Promise<string>
  /** Everything that scrolled by, and the screen. */
  readAll(): Promise<string>
  /** Waits until the screen fits; resolves with it, rejects with the screen in the message. One minute unless told. */
  waitFor(pattern: RegExp | ((screen: string) => boolean), timeoutMs?: number): Promise<string>
  /** Waits until the program ended; resolves with its exit code. */
  waitForEnd(timeoutMs?: number): Promise<number>
  /** Ends the program and its terminal, however they are. */
  close(): Promise<void>
}

export interface ScreenOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly columns?: number
  readonly rows?: number
}

const lookEveryMs = 100
const minuteMs = 60_000

/** Starts `command` of `machine` on a screen. Needs tmux. The caller closes it, best in a teardown. */
export async function startOnScreen(
  machine: Machine,
  command: readonly string[],
  options: ScreenOptions,
): Promise<Screen> {
  const settings = path.join(machine.folder, 'tmux.conf')
  // The last screen of a program that ended stays readable.
  await writeFile(settings, 'set -g remain-on-exit on\nset -g history-limit 20000\nset -sg escape-time 0\n')
  const socket = path.join(machine.folder, `screen-${screens++}`)
  const env = { ...options.env, TERM: 'xterm-256color' }
  const tmux = async (...args: string[]) =>
    must(await machine.run('tmux', ['-S', socket, '-f', settings, ...args], { env }), `tmux ${args[0]}`)
      .stdout
  const size = ['-x', String(options.columns ?? 120), '-y', String(options.rows ?? 50)]
  const clean = ['env', '-u', 'TMUX', '-u', 'TMUX_PANE', ...command]
  await tmux('new-session', '-d', '-s', 'main', ...size, '-c', options.cwd, ...clean)
  return screenOn(tmux)
}

let screens = 0

function screenOn(tmux: (...args: string[]) => Promise<string>): Screen {
  const read = async () => trimmed(await tmux('capture-pane', '-p', '-t', 'main'))
  const state = () => tmux('display-message', '-p', '-t', 'main', '#{pane_dead} #{pane_dead_status}')
  return {
    type: async (text) => {
      await tmux('send-keys', '-t', 'main', '-l', '--', text)
    },
    press: async (...keys) => {
      await tmux('send-keys', '-t', 'main', ...keys)
    },
    read,
    readAll: async () => trimmed(await tmux('capture-pane', '-p', '-t', 'main', '-S', '-')),
    waitFor: (pattern, timeoutMs = minuteMs) => {
      const fits = typeof pattern === 'function' ? pattern : (screen: string) => pattern.test(screen)
      return lookUntil(read, fits, timeoutMs, String(pattern), read)
    },
    waitForEnd: async (timeoutMs = minuteMs) => {
      // The terminal closes a moment before tmux has heard how the program ended.
      const ended = await lookUntil(state, (text) => /^1 \d/.test(text), timeoutMs, 'the end', read)
      return Number(ended.split(' ')[1])
    },
    close: async () => {
      await tmux('kill-server').catch(() => '')
    },
  }
}

async function lookUntil(
  look: () => Promise<string>,
  fits: (seen: string) => boolean,
  timeoutMs: number,
  awaited: string,
  read: () => Promise<string>,
): Promise<string> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const seen = await look()
    if (fits(seen)) return seen
    if (performance.now() > deadline) {
      throw new Error(`the screen never showed ${awaited} in ${timeoutMs} ms; it shows:\n${await read()}`)
    }
    await delay(lookEveryMs)
  }
}

function trimmed(screen: string): string {
  return screen
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd()
}
