/** `git teleport fetch` */

import { Command, Option } from 'clipanion'
import { fetchSessions } from '../core/fetch.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand, trustPolicyOption } from './command.ts'
import { plural, shortId } from './text.ts'

export class FetchCommand extends TeleportCommand {
  static override paths = [['fetch']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Bring sessions into the private store, to read them offline',
    details: 'Verifies each session. Writes nothing for Claude Code: `pull` does that.',
    examples: [
      ['Everything that the remote lists', 'git teleport fetch'],
      ['One session', 'git teleport fetch 3f2a91c4'],
    ],
  })

  sessions = Option.Rest()
  trustPolicy = trustPolicyOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const sessions = await fetchSessions(world, {
      sessions: this.sessions,
      remote: this.remote,
      trustPolicy: this.trustPolicy,
    })
    const fresh = sessions.filter((each) => each.isNew)
    const lines = fresh.map((each) => `${shortId(each.session)}  push ${each.seq}`)
    const text = `${plural(fresh.length, 'session')} new or changed, ${sessions.length - fresh.length} as before`
    return { json: { sessions }, text: [text, ...lines].join('\n') }
  }
}
