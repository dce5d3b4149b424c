/** Logs of one line an event, for this machine's owner only. */

import { appendFile, readFile } from 'node:fs/promises'
import { errnoOf, fileError } from '../errors.ts'

/** `line` without its end. Throws `failed`, `disk-full`. */
export async function appendLine(file: string, line: string): Promise<void> {
  await appendFile(file, `${line}\n`, { mode: 0o600 }).catch((error: unknown) => {
    throw fileError(error, `writing ${file}`)
  })
}

/** Oldest first; none when there is no log yet. */
export async function readLines(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return ''
    throw fileError(error, `reading ${file}`)
  })
  return text.split('\n').filter((line) => line !== '')
}
