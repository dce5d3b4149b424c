/** The list of one's own other devices: one OpenSSH public key a line, confirmed on this machine only. */

import { mkdir, open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'

/** Lines of the list, without comments and blank lines; empty when there is none. Keys are parsed by the caller. */
export async function readOwnDevices(file: string): Promise<readonly string[]> {
  try {
    const text = await readFile(file, 'utf8')
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileError(error, `reading ${file}`)
  }
}

/** Appends one line; makes the folder (0700) and the file (0600) when they are missing. */
export async function addOwnDevice(file: string, line: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'a+', 0o600)
    try {
      // An editor may have left the last line without its end.
      const before = await handle.readFile('utf8')
      const gap = before === '' || before.endsWith('\n') ? '' : '\n'
      await handle.writeFile(`${gap}${line}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}
