/** Who has a session now, after a hand-off. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import type { Holder } from '../model.ts'
import { type Audience, namedAudience } from './audience.ts'
import { knownPeople, ownPrincipals, type People } from './people.ts'
import type { PushJob } from './push-job.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

/**
 * `--hand-off` says who; the holder's own push takes the session, which ends the hand-off; anybody else's leaves it.
 * Throws `unknown-member`, also for a member who cannot read the session.
 */
export function nextHolder(job: PushJob, before: Holder | null, audience: Audience): Holder | null {
  const { people, options, ws } = job
  if (options.handOff !== undefined) {
    const principal = memberNamed(people, options.handOff, audience)
    return before?.principal === principal ? before : { principal, since: formatTime(ws.world.now()) }
  }
  return before && isMine(people, before) ? null : before
}

/** Whether the session was handed to whoever works here. */
export function isMine(people: People, holder: Holder): boolean {
  return ownPrincipals(people).includes(holder.principal)
}

/** Says on a pull that somebody else was given the session. */
export async function tellHolder(ws: Workspace, device: DeviceKey, holder: Holder | null): Promise<void> {
  if (!holder || isMine(await knownPeople(ws, device, 'pinned'), holder)) return
  ws.world.note(`${holder.principal} has this session since ${holder.since}`)
}

/** Asks before a push to a session that somebody else was given. Throws `interrupted` for a no. */
export async function confirmHolder(
  { ws, people, file, asked }: PushJob,
  holder: Holder | null,
): Promise<void> {
  if (!holder || isMine(people, holder) || asked.has(holder.principal)) return
  const question = `${holder.principal} has session ${file.session} since ${holder.since}. Push to it all the same?`
  if (!(await ws.world.confirm(question))) {
    throw new TeleportError('interrupted', 'nothing was sent', {
      hint: `git teleport push --fork ${file.session}`,
    })
  }
  asked.add(holder.principal)
}

function memberNamed(people: People, name: string, audience: Audience): string {
  const keys = namedAudience({ ...people, own: [], required: [] }, [name]).readers
  const member = people.team?.members.find(({ recipient }) => keys.includes(recipient))
  if (member && name !== 'team' && keys.some((key) => audience.readers.includes(key))) return member.principal
  throw new TeleportError('unknown-member', `"${name}" is not among those who can read the session`, {
    hint: `git teleport push --to ${member && name !== 'team' ? member.principal : 'team'}`,
  })
}
