/** `git teleport audit` */

import { Command } from 'clipanion'
import { type AuditReport, audit } from '../core/audit.ts'
import type { World } from '../core/world.ts'
import { exitCodes } from '../errors.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { safe, shortId } from './text.ts'

export class AuditCommand extends TeleportCommand {
  static override paths = [['audit']]
  static override usage = Command.Usage({
    category: 'Look',
    description: "Show and verify everybody's log of pushes, and the pulls on this machine",
    details: `
      Every device signs what it does into its own index on the remote. This checks each signature and each link, and
      holds the chains to what this machine has seen before. Ends with 6 when something does not fit. Who has fetched a
      session without restoring it, nobody logs.
    `,
    examples: [
      ['The whole log', 'git teleport audit'],
      ['For another program', 'git teleport audit --json'],
    ],
  })

  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const report = await audit(world, { remote: this.remote })
    const bad = report.findings.some(({ kind }) => kind !== 'cut')
    return { json: { ...report }, text: describe(report), exitCode: bad ? exitCodes.unsafe : exitCodes.done }
  }
}

function describe({ events, findings, pulls }: AuditReport): string {
  const rows = [
    ...events.map(({ time, who, device, seq, action, session }) => ({
      time,
      cells: [time, action, session ? shortId(session) : '-', safe(who ?? `unknown: ${device}`), String(seq)],
    })),
    ...pulls.map(({ time, session, device, seq }) => ({
      time,
      cells: [time, 'pulled here', shortId(session), `sent by ${device}`, String(seq)],
    })),
  ].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  const log = formatTable(
    rows.map(({ cells }) => cells),
    { columns: 200, headings: ['TIME', 'ACTION', 'SESSION', 'WHO', 'ENTRY'] },
  ).trimEnd()
  const found = findings.map(({ kind, device, detail }) => `${kind}  ${device}  ${safe(detail)}`)
  return [log, ...(found.length > 0 ? ['', ...found] : ['', 'every signature and every link is good'])].join(
    '\n',
  )
}
