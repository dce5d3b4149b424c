/** A passphrase that is chosen now, for something that leaves this machine. */

import { TeleportError } from '../errors.ts'
import { readInput } from './files.ts'
import type { Io } from './io.ts'
import { askPassphrase } from './world.ts'

/** Whoever has the file can try passphrases for as long as they like. */
const shortest = 12

interface NewPassphrase {
  /** What it is for, such as `the HTML file`. */
  readonly what: string
  /** Whose first line it is; `-` for standard input. Undefined: somebody is asked, twice. */
  readonly file: string | undefined
  /** The command to begin anew with. */
  readonly again: string
}

/** Throws `wrong-passphrase` for one that is empty, short or not the same twice, `passphrase-needed` where nobody can be asked. */
export async function newPassphrase(io: Io, { what, file, again }: NewPassphrase): Promise<string> {
  const passphrase = file === undefined ? await askTwice(io, what, again) : await firstLine(io, file)
  if ([...passphrase].length >= shortest) return passphrase
  throw new TeleportError(
    'wrong-passphrase',
    passphrase === ''
      ? 'an empty passphrase protects nothing'
      : `a passphrase of less than ${shortest} letters is guessed`,
    { hint: 'four random words, for example' },
  )
}

async function askTwice(io: Io, what: string, again: string): Promise<string> {
  const otherwise = 'read it from a file: --passphrase-file <file>'
  const first = await askPassphrase(io, what, otherwise)
  const second = await askPassphrase(io, `${what}, once more`, otherwise)
  if (first === second) return first
  throw new TeleportError('wrong-passphrase', 'the two passphrases differ', { hint: again })
}

async function firstLine(io: Io, file: string): Promise<string> {
  const [line = ''] = (await readInput(io, file, 4096)).toString('utf8').split(/\r?\n/)
  return line
}
