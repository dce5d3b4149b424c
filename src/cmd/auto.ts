/** `git teleport auto` */

import { Command, Option } from 'clipanion'
import { type AutoStatus, readAuto, setAuto } from '../core/auto.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, TeleportCommand, trustPolicyOption } from './command.ts'
import { plural, safe } from './text.ts'

export class AutoCommand extends TeleportCommand {
  static override paths = [['auto']]
  static override usage = Command.Usage({
    category: 'Set up',
    description: 'Send the conversations of this repository by themselves, or no longer',
    details: `
      With the name of a remote, every conversation of Claude Code in this repository goes there from now on: after each
      turn, at most once a minute, and when it ends. It needs the plugin (\`git teleport init --plugin\`). Says where they
      go and who can read them, and asks what a first push asks. \`off\` ends it; without an argument it says how things
      stand. Off until you turn it on, for each clone anew.
    `,
    examples: [
      ['From now on', 'git teleport auto origin'],
      ['Where do they go?', 'git teleport auto'],
      ['No longer', 'git teleport auto off'],
    ],
  })

  remote = Option.String({ required: false, name: 'remote' })
  public = Option.Boolean('--public', false, {
    description: 'The remote may be one that everybody can read; asked for once',
  })

  trustPolicy = trustPolicyOption()

  async run(world: World): Promise<Outcome> {
    const { remote } = this
    if (remote === undefined || remote === 'off') {
      const useless = this.public ? '--public' : this.trustPolicy === undefined ? undefined : '--trust-policy'
      if (useless) throw new TeleportError('usage', `${useless} goes with the name of a remote`)
    }
    if (remote === undefined) {
      const status = await readAuto(world)
      return { json: { ...status }, text: describe(status) }
    }
    const status = await setAuto(world, {
      remote: remote === 'off' ? null : remote,
      public: this.public,
      trustPolicy: this.trustPolicy,
    })
    return { json: { ...status }, text: describe(status) }
  }
}

function describe(status: AutoStatus): string {
  const { remote, readableBy, redacted, movedFrom, waiting } = status
  const left = waiting.length === 0 ? [] : [`waiting  ${plural(waiting.length, 'conversation')}`]
  if (remote === null) return ['nothing is sent by itself: git teleport auto <remote>', ...left].join('\n')
  const taken = redacted ? '; secrets are taken out' : ''
  const head =
    movedFrom === null
      ? `the conversations of this repository go to ${safe(remote.name)} by themselves`
      : `nothing is sent: ${safe(remote.name)} is another place than when you turned it on`
  return [
    head,
    `where    ${safe(remote.url)}`,
    `whom     ${safe(readableBy.join(', ') || 'nobody yet: git teleport init')} (encrypted for them${taken})`,
    'when     after each turn, at most once a minute, and when one ends',
    'off      git teleport auto off',
    ...left,
  ].join('\n')
}
