/** `git teleport scan` */

import { Command, Option } from 'clipanion'
import { type ScannedSession, scanSession } from '../core/scan.ts'
import type { World } from '../core/world.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { formatBytes, plural, safe, shortId } from './text.ts'

export class ScanCommand extends TeleportCommand {
  static override paths = [['scan']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Show which secrets would be taken out of a session for other readers',
    details:
      'Counts by rule, with file and line, never the secrets. Nothing is sent or changed. Best effort: what no rule knows, and what this machine does not hold as a secret of its own, is not found.',
    examples: [
      ['The newest session of this work tree', 'git teleport scan'],
      ['Another one', 'git teleport scan 3f2a91c4'],
    ],
  })

  session = Option.String({ required: false })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const scanned = await scanSession(world, { session: this.session, remote: this.remote })
    const { io } = this.context
    return { json: { ...scanned }, text: report(scanned, io.isTerminal.stdout ? io.columns : 200) }
  }
}

/** Places shown for one rule. */
const shownPlaces = 5

function report(scanned: ScannedSession, columns: number): string {
  const rules = Object.entries(scanned.counts)
  const read = `${plural(scanned.files, 'file')}, ${formatBytes(scanned.sizeBytes)}`
  const head = `session  ${shortId(scanned.session)}  ${safe(scanned.title ?? '-')}`
  if (rules.length === 0) return `${head}\nfound    nothing to take out in ${read}`
  const rows = rules.map(([rule, count]) => [String(count), rule, placesOf(scanned, rule)])
  const table = formatTable(rows, { columns, headings: ['COUNT', 'RULE', 'WHERE'] }).trimEnd()
  return `${head}\nread     ${read}\n\n${table}`
}

function placesOf({ places }: ScannedSession, rule: string): string {
  const texts = [
    ...new Set(
      places.filter((place) => place.rule === rule).map(({ file, line }) => `${safe(file)}:${line}`),
    ),
  ]
  const shown = texts.slice(0, shownPlaces).join(' ')
  return texts.length > shownPlaces ? `${shown} …` : shown
}
