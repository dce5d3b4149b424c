/** `git teleport init` */

import path from 'node:path'
import { Command, Option } from 'clipanion'
import { joinTeam } from '../core/join-team.ts'
import { initDevice } from '../core/key.ts'
import { type InstalledPlugin, readyPlugin } from '../core/plugin.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { describeKey } from './key-text.ts'
import { newPassphrase } from './new-passphrase.ts'
import { safe } from './text.ts'

export class InitCommand extends TeleportCommand {
  static override paths = [['init']]
  static override usage = Command.Usage({
    category: 'Keys',
    description: "Make or choose this device's key",
    details: `
      Makes an ed25519 SSH key in your configuration folder, without a passphrase unless asked, so that pushes from
      hooks never have to ask. A key that is there already is kept. \`--key\` uses an existing ed25519 or RSA key file.
      Prints the line that lets this device in, to be run on a device that you use already. \`--plugin\` also has
      Claude Code install the plugin of this package: commands in a conversation, \`& prompt\`, and what
      \`git teleport auto\` needs.
    `,
    examples: [
      ['A key of its own for this machine', 'git teleport init'],
      ['And commands inside of Claude Code', 'git teleport init --plugin'],
      ['Use the SSH key you have', 'git teleport init --key ~/.ssh/id_ed25519'],
    ],
  })

  key = Option.String('--key', { description: 'An existing private key file to use' })
  passphrase = Option.Boolean('--passphrase', false, { description: 'Ask for a passphrase for the new key' })
  plugin = Option.Boolean('--plugin', false, { description: 'Also install the plugin for Claude Code' })

  async run(world: World): Promise<Outcome> {
    const { io } = this.context
    if (this.key !== undefined && this.passphrase) {
      throw new TeleportError('usage', '--passphrase is for a new key, --key for an existing one')
    }
    // Before anything is made.
    const installPlugin = this.plugin ? await readyPlugin(world) : null
    const keyFile = this.key === undefined ? undefined : path.resolve(io.cwd, this.key)
    const again = 'git teleport init --passphrase'
    const passphrase = this.passphrase
      ? await newPassphrase(io, { kind: 'key', what: 'the new key', again })
      : undefined
    const key = await initDevice(world, { keyFile, passphrase })
    const plugin = installPlugin === null ? null : await installPlugin()
    const head = key.made ? 'made a key for this device' : 'this device has its key'
    const join = await joinTeam(world, key.publicKey)
    const letIn = `git teleport key trust "${safe(key.publicKey)}"`
    const text = [
      head,
      describeKey(key),
      ...(plugin === null ? [] : describePlugin(plugin)),
      '',
      'next:  git teleport push',
      'On a device that you use already, this line lets the new one in:',
      `  ${letIn}`,
      'or carry its key here instead:  git teleport key export   (there)   git teleport key import   (here)',
      ...(join === null
        ? []
        : [
            'For a team, a member commits this line to .teleport/allowed_signers:',
            `  ${safe(join.line)}`,
            `which is what this does:  ${safe(join.command)}`,
          ]),
    ].join('\n')
    return { json: { ...key, letIn, join, plugin }, text }
  }
}

function describePlugin({ id, folder }: InstalledPlugin): readonly string[] {
  return [
    '',
    `Claude Code has the plugin ${id} now, from ${safe(folder)}`,
    '  /gtp lists conversations, /git-teleport:push sends this one, & prompt starts one in the background',
    '  clients that are open already: /reload-plugins',
    '  nothing is sent by itself, unless you say so: git teleport auto <remote>',
  ]
}
