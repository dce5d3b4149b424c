/** The picker on a terminal: raw keys in, the whole screen out, everything put back at the end. */

import { emitKeypressEvents } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { ReadStream, WriteStream } from 'node:tty'
import type { Choice, LookInto } from '../core/world.ts'
import type { Io } from './io.ts'
import {
  drawPicker,
  lookedInto,
  openPicker,
  type Picker,
  pageOf,
  press,
  type Screen,
} from './picker-model.ts'

/** Another screen, and no cursor; then back. A program that dies in between leaves what `reset` mends. */
const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'

/** Whether the picker can be drawn here; else a plain list is the way. */
export function canPick(io: Io): boolean {
  return rawInput(io.stdin) !== undefined && io.env['TERM'] !== 'dumb'
}

/** The value chosen; undefined when the person left without choosing, or the program is told to end. */
export async function pick(
  io: Io,
  question: string,
  choices: readonly Choice[],
  look: LookInto | undefined,
): Promise<string | undefined> {
  const input = rawInput(io.stdin)
  if (!input) return undefined
  const output = io.stderr
  const terminal = output instanceof WriteStream ? output : undefined
  let picker = openPicker(question, choices)
  const screen = (): Screen => ({ ...sizeOf(output, io), color: !io.env['NO_COLOR'], now: io.now() })
  const draw = () => {
    const lines = drawPicker(picker, screen())
    output.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`)
  }
  const ending = new AbortController()
  const show = (next: Picker) => {
    if (ending.signal.aborted) return
    picker = next
    draw()
  }
  const looking = look && keepLooking(look, () => picker, show, ending.signal)
  looking?.next()
  try {
    emitKeypressEvents(input)
    input.setRawMode(true)
    input.resume()
    output.write(enter)
    draw()
    terminal?.on('resize', draw)
    return await new Promise<string | undefined>((resolve) => {
      const onKey = (
        text: string | undefined,
        key: { name?: string; ctrl?: boolean; meta?: boolean } | undefined,
      ) => {
        const pressed = press(picker, { ...key, text: isTyped(text) ? text : undefined }, pageOf(screen()))
        if (pressed !== 'cancelled' && !('chosen' in pressed)) {
          show(pressed)
          looking?.next()
          return
        }
        input.off('keypress', onKey)
        resolve(pressed === 'cancelled' ? undefined : pressed.chosen)
      }
      input.on('keypress', onKey)
      const stop = () => {
        input.off('keypress', onKey)
        resolve(undefined)
      }
      input.once('end', stop)
      io.signal.addEventListener('abort', stop, { once: true })
    })
  } finally {
    ending.abort()
    terminal?.off('resize', draw)
    input.setRawMode(false)
    input.pause()
    output.write(leave)
  }
}

function rawInput(stdin: Readable): ReadStream | undefined {
  return stdin instanceof ReadStream && stdin.isTTY ? stdin : undefined
}

function sizeOf(output: Writable, io: Io): { readonly columns: number; readonly rows: number } {
  const { columns, rows } = output instanceof WriteStream ? output : { columns: 0, rows: 0 }
  // The last column stays free: a terminal that waits there to wrap would clear the wrong cell.
  return { columns: Math.max(20, (columns || io.columns) - 1), rows: Math.max(4, rows || 24) }
}

/** Escape sequences of keys that nobody knows type nothing. */
function isTyped(text: string | undefined): boolean {
  return text !== undefined && !/\p{Cc}/u.test(text)
}

/**
 * First what is remembered of every session, which costs next to nothing; then one look at a time: at the marked session,
 * else at the first that was not looked into. What comes in is found by from then on.
 */
function keepLooking(
  look: LookInto,
  current: () => Picker,
  show: (picker: Picker) => void,
  signal: AbortSignal,
) {
  let remembered = false
  let busy = false
  const one = async (value: string, deep: boolean) => {
    const found = await look(value, deep).catch(() => null)
    if (found || deep) show(lookedInto(current(), value, found))
  }
  const run = async () => {
    if (!remembered) for (const { value } of current().choices) if (!signal.aborted) await one(value, false)
    remembered = true
    for (;;) {
      const { fitting, marked, looks, choices } = current()
      const open = [fitting[marked], ...fitting, ...choices.map(({ value }) => value)]
      const next = open.find((value) => value !== undefined && !looks.has(value))
      if (next === undefined || signal.aborted) return
      await one(next, true)
    }
  }
  return {
    /** Goes on, if it had come to an end. */
    next() {
      if (busy || signal.aborted) return
      busy = true
      void run().finally(() => {
        busy = false
      })
    },
  }
}
