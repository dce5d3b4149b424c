/** Not for people: what `to` and `from` on another machine start here, through a channel that logged in as the user. */

import { Option } from 'clipanion'
import { giveSession, takeSession } from '../core/direct.ts'
import { greet } from '../core/greeting.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { type Outcome, TeleportCommand } from './command.ts'

export class DirectGreetCommand extends TeleportCommand {
  static override paths = [['direct', 'greet']]

  commit = Option.String('--commit')
  asker = Option.String('--asker')
  dryRun = Option.Boolean('--dry-run', false)

  async run(world: World): Promise<Outcome> {
    const greeting = await greet(world, this.context.io.version, {
      commit: this.commit === undefined ? null : oid(this.commit),
      asker: this.asker ?? null,
      dryRun: this.dryRun,
    })
    return { json: { ...greeting }, text: '' }
  }
}

export class DirectTakeCommand extends TeleportCommand {
  static override paths = [['direct', 'take']]

  session = Option.String()
  checkout = Option.Boolean('--checkout', false)
  fork = Option.Boolean('--fork', false)
  force = Option.Boolean('--force', false)

  async run(world: World): Promise<Outcome> {
    const { session, checkout, fork, force } = this
    return { json: { ...(await takeSession(world, { session, checkout, fork, force })) }, text: '' }
  }
}

export class DirectGiveCommand extends TeleportCommand {
  static override paths = [['direct', 'give']]

  session = Option.String({ required: false })
  withChanges = Option.Boolean('--with-changes', false)
  has = Option.String('--has', '')

  async run(world: World): Promise<Outcome> {
    const { session, withChanges } = this
    const has = this.has === '' ? [] : this.has.split(',').map(oid)
    return { json: { ...(await giveSession(world, { session, withChanges, has })) }, text: '' }
  }
}

function oid(text: string): Oid {
  if (isOid(text)) return text
  throw new TeleportError('usage', 'that is no commit id')
}
