/** `git teleport config` */

import { Command, Option } from 'clipanion'
import { changeSetting, readSettings, type Setting } from '../core/config.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { safe } from './text.ts'

export class ConfigCommand extends TeleportCommand {
  static override paths = [['config']]
  static override usage = Command.Usage({
    category: 'Commits',
    description: 'Show or change a setting',
    details: `
      The settings are \`teleport.*\` of git's configuration, and \`git config\` does the same; this checks the value
      first. Without arguments it shows all of them.
    `,
    examples: [
      ['What is set', 'git teleport config'],
      ['Send a session after each commit', 'git teleport config auto push'],
      ['As it was', 'git teleport config --unset auto'],
    ],
  })

  global = Option.Boolean('--global', false, { description: 'For all of your repositories' })
  unset = Option.Boolean('--unset', false, { description: 'Remove the setting' })
  key = Option.String({ required: false, name: 'key' })
  value = Option.String({ required: false, name: 'value' })

  async run(world: World): Promise<Outcome> {
    const { key, value } = this
    if (key === undefined || (value === undefined && !this.unset)) {
      if (this.unset || this.global) throw incomplete()
      const settings = await readSettings(world, key)
      return { json: { settings }, text: settings.map(describe).join('\n') }
    }
    if (value !== undefined && this.unset) throw incomplete()
    const setting = await changeSetting(world, {
      key,
      value: this.unset ? null : (value ?? null),
      global: this.global,
    })
    return { json: { settings: [setting] }, text: describe(setting) }
  }
}

function incomplete(): TeleportError {
  return new TeleportError('usage', 'a change needs a key, and a value or --unset', {
    hint: 'git-teleport config --help',
  })
}

function describe({ key, value, otherwise, about }: Setting): string {
  const said = value === null ? `not set: ${otherwise}` : safe(value)
  return `${key.padEnd(16)} ${said}\n${''.padEnd(16)} (${about})`
}
