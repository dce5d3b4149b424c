/** Choosing without a picker: a numbered list and a line to answer with, for screen readers and simple terminals. */

import { createInterface } from 'node:readline/promises'
import type { Choice } from '../core/world.ts'
import type { Io } from './io.ts'
import { formatAge, safe } from './text.ts'

/** Undefined when the line is empty or the input ends. Asks again after what is no number of the list. */
export async function chooseByNumber(
  io: Io,
  question: string,
  choices: readonly Choice[],
): Promise<string | undefined> {
  const { stderr } = io
  stderr.write(`${safe(question)}\n`)
  const width = String(choices.length).length
  choices.forEach(({ label, about }, at) => {
    const age = about ? `, ${formatAge(about.updated, io.now())}` : ''
    stderr.write(`${String(at + 1).padStart(width)}  ${safe(label)}${age}\n`)
  })
  const lines = createInterface({ input: io.stdin, output: stderr, terminal: false })
  const answers = lines[Symbol.asyncIterator]()
  const stop = () => lines.close()
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      stderr.write(`Number, 1 to ${choices.length}: `)
      const answer = await answers.next()
      const text = answer.done ? '' : answer.value.trim()
      if (text === '') return undefined
      const chosen = /^\d{1,6}$/.test(text) ? choices[Number(text) - 1] : undefined
      if (chosen) return chosen.value
      stderr.write(`${safe(text.slice(0, 40))} is no number of the list\n`)
    }
  } finally {
    io.signal.removeEventListener('abort', stop)
    lines.close()
  }
}
