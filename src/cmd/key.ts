/** `git teleport key show|export|import|trust|rotate` */

import { Command, Option } from 'clipanion'
import { exportDeviceKey, importDeviceKey, showKey, trustKey } from '../core/key.ts'
import { rotateKey } from '../core/key-rotate.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { readInput, writeOutput } from './files.ts'
import { describeKey, describeRotation } from './key-text.ts'
import { fromFile, newPassphrase, passphraseIn } from './new-passphrase.ts'
import { safe } from './text.ts'
import { askPassphrase } from './world.ts'

const category = 'Keys'

export class KeyShowCommand extends TeleportCommand {
  static override paths = [['key', 'show'], ['key']]
  static override usage = Command.Usage({
    category,
    description: "Show this device's public key and your other devices",
    examples: [['The line for `key trust` on another device', 'git teleport key show']],
  })

  async run(world: World): Promise<Outcome> {
    const key = await showKey(world)
    return { json: { ...key }, text: describeKey(key) }
  }
}

export class KeyExportCommand extends TeleportCommand {
  static override paths = [['key', 'export']]
  static override usage = Command.Usage({
    category,
    description: "Print this device's key, encrypted with a passphrase, to carry it to another machine",
    details: `
      Asks for the passphrase twice. \`--passphrase-file\` reads its first line from a file instead, \`-\` from standard
      input. Whoever has the text and the passphrase is you: use at least four random words.
    `,
    examples: [['Write it to a file', 'git teleport key export --output device-key.txt']],
  })

  output = Option.String('-o,--output', {
    description: 'Write to this file (0600) instead of standard output',
  })
  passphraseFile = Option.String('--passphrase-file', {
    description: 'Read the passphrase from this file, or - for standard input',
  })

  async run(world: World): Promise<Outcome> {
    const { io } = this.context
    const passphrase = await newPassphrase(io, {
      kind: 'file',
      what: 'the exported key',
      file: this.passphraseFile,
      again: 'git teleport key export',
    })
    const text = await exportDeviceKey(world, passphrase)
    if (this.output === undefined) return { json: { key: text }, text: text.trimEnd() }
    await writeOutput(io, this.output, [Buffer.from(text)])
    return {
      json: { output: this.output },
      text: `wrote ${safe(this.output)}; on the other machine: git teleport key import ${safe(this.output)}`,
    }
  }
}

export class KeyImportCommand extends TeleportCommand {
  static override paths = [['key', 'import']]
  static override usage = Command.Usage({
    category,
    description: "Make an exported key this machine's own",
    details: 'Both machines are the same device then: each opens and continues what the other sent.',
    examples: [['From a file', 'git teleport key import device-key.txt']],
  })

  file = Option.String({ required: false })
  passphraseFile = Option.String('--passphrase-file', { description: 'Read the passphrase from this file' })

  async run(world: World): Promise<Outcome> {
    const { io } = this.context
    const text = (await readInput(io, this.file ?? '-', 64 * 1024)).toString('utf8')
    const passphrase =
      this.passphraseFile === undefined
        ? await askPassphrase(io, 'the exported key', fromFile)
        : await knownPassphrase(io, this.passphraseFile)
    const key = await importDeviceKey(world, text, passphrase)
    return { json: { ...key }, text: describeKey(key) }
  }
}

export class KeyTrustCommand extends TeleportCommand {
  static override paths = [['key', 'trust']]
  static override usage = Command.Usage({
    category,
    description: 'Count another device as your own',
    details: 'What it signs is believed here, and what is pushed from here can be read there.',
    examples: [['Let a second device in', 'git teleport key trust "ssh-ed25519 AAAA… laptop"']],
  })

  key = Option.Rest({ required: 1 })

  async run(world: World): Promise<Outcome> {
    const line = this.key.join(' ')
    if (!(await world.confirm(`Believe sessions signed by ${line}, and let it read yours?`))) {
      throw new TeleportError('interrupted', 'nothing was changed')
    }
    const { device, added } = await trustKey(world, line)
    return {
      json: { device, added },
      text: added ? `${device} is one of your devices now` : `${device} was one of your devices already`,
    }
  }
}

export class KeyRotateCommand extends TeleportCommand {
  static override paths = [['key', 'rotate']]
  static override usage = Command.Usage({
    category,
    description: 'Give this device a new key, and move your live sessions over to it',
    details: `
      The old key is kept beside the new one, to read what was encrypted to it, and nothing is encrypted to it any more.
      Prints what your other devices and the team have to change. After a theft, read docs/lost-key.md.
    `,
    examples: [['A new key', 'git teleport key rotate --yes']],
  })

  passphrase = Option.Boolean('--passphrase', false, { description: 'Ask for a passphrase for the new key' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const again = 'git teleport key rotate --passphrase'
    const passphrase = this.passphrase
      ? await newPassphrase(this.context.io, { kind: 'key', what: 'the new key', again })
      : undefined
    const rotation = await rotateKey(world, { remote: this.remote, passphrase })
    return { json: { ...rotation }, text: describeRotation(rotation) }
  }
}

async function knownPassphrase(io: TeleportCommand['context']['io'], file: string): Promise<string> {
  const line = await passphraseIn(io, file)
  if (line !== '') return line
  throw new TeleportError('passphrase-needed', `the first line of ${file} is empty`, {
    hint: 'write the passphrase into it',
  })
}
