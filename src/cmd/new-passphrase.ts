/** A passphrase that is chosen now: asked for twice, since what it protects is lost with a letter mistyped. */

import { TeleportError } from '../errors.ts'
import { readInput } from './files.ts'
import type { Io } from './io.ts'
import { askPassphrase } from './world.ts'

/** Letters, at least. Whoever has a file that was handed out can try passphrases for as long as they like. */
const shortest = { file: 12, key: 5 } as const

interface NewPassphrase {
  /** Something that leaves this machine, or a key that stays on it; `ssh-keygen` wants five letters too. */
  readonly kind: keyof typeof shortest
  /** What it is for, such as `the HTML file`. */
  readonly what: string
  /** Whose first line it is; `-` for standard input. Undefined: somebody is asked, twice. */
  readonly file?: string | undefined
  /** The command to begin anew with. */
  readonly again: string
}

/** Throws `wrong-passphrase` for one that is empty, short or not the same twice, `passphrase-needed` where nobody can be asked. */
export async function newPassphrase(io: Io, { kind, what, file, again }: NewPassphrase): Promise<string> {
  const passphrase = file === undefined ? await askTwice(io, kind, what, again) : await passphraseIn(io, file)
  const least = shortest[kind]
  if ([...passphrase].length >= least) return passphrase
  throw new TeleportError(
    'wrong-passphrase',
    passphrase === ''
      ? 'an empty passphrase protects nothing'
      : `a passphrase of less than ${least} letters is guessed`,
    { hint: 'four random words, for example' },
  )
}

async function askTwice(io: Io, kind: NewPassphrase['kind'], what: string, again: string): Promise<string> {
  const otherwise = kind === 'file' ? fromFile : undefined
  const first = await askPassphrase(io, what, otherwise)
  const second = await askPassphrase(io, `${what}, once more`, otherwise)
  if (first === second) return first
  throw new TeleportError('wrong-passphrase', 'the two passphrases differ', { hint: again })
}

/** What to do where nobody can be asked. */
export const fromFile = 'read it from a file: --passphrase-file <file>'

/** The first line of a file that the user names. */
export async function passphraseIn(io: Io, file: string): Promise<string> {
  const [line = ''] = (await readInput(io, file, 4096)).toString('utf8').split(/\r?\n/)
  return line
}
