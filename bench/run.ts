/**
 * `npm run bench`: the table of what everything may cost (DESIGN section 13), measured on the built program against the
 * bare pipeline of native tools in the same run. `--quick` takes small sizes; `--row <name>` only that group of rows.
 */

import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { formatReport } from './report.ts'
import type { BenchOptions, Row, RowGroup } from './row.ts'
import { claudeHooks } from './rows/claude-hooks.ts'
import { hook } from './rows/hook.ts'
import { html } from './rows/html.ts'
import { list } from './rows/list.ts'
import { memory } from './rows/memory.ts'
import { others } from './rows/others.ts'
import { redact } from './rows/redact.ts'
import { show } from './rows/show.ts'
import { smallPush } from './rows/small-push.ts'
import { startUp } from './rows/start-up.ts'
import { thousandPushes } from './rows/thousand-pushes.ts'
import { wholeSession } from './rows/whole-session.ts'

const groups: readonly RowGroup[] = [
  startUp,
  smallPush,
  wholeSession,
  list,
  memory,
  thousandPushes,
  others,
  redact,
  hook,
  html,
  show,
  claudeHooks,
]
const results = path.resolve(import.meta.dirname, '../../bench/results')

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    row: { type: 'string', multiple: true, default: [] },
  },
})
await main(values.quick, values.row)

async function main(quick: boolean, wanted: readonly string[]): Promise<void> {
  const chosen = groups.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  if (chosen.length === 0) throw new Error(`the groups are ${groups.map(({ name }) => name).join(', ')}`)
  const options: BenchOptions = { quick, say: (line) => process.stderr.write(`${line} …\n`) }
  const rows: Row[] = []
  for (const group of chosen) rows.push(...(await group.measure(options)))
  const report = formatReport(rows, conditions(quick))
  process.stdout.write(report)
  await mkdir(results, { recursive: true })
  await writeFile(
    path.join(
      results,
      `${quick ? 'quick' : 'full'}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.md`,
    ),
    report,
  )
}

function conditions(quick: boolean): readonly string[] {
  const load = os.loadavg()[1] ?? 0
  const busy =
    load > os.availableParallelism()
      ? `, of which others kept all busy: ${load.toFixed(1)} programs wanted to run`
      : ''
  return [
    ...(quick ? ['`--quick`: small sizes and few rounds, which say nothing about the bars.'] : []),
    `Medians, by turns with the bare pipeline of tar, brotli -q 5 -w 24, age and git on the same bytes; ${os.availableParallelism()} cores${busy}.`,
    `Node ${process.versions.node}, ${tool('git', '--version')}, age ${tool('age', '--version')}, ${tool('brotli', '--version')}.`,
    'Own devices only, without redaction.',
  ]
}

function tool(program: string, question: string): string {
  return execFileSync(program, [question], { encoding: 'utf8' }).trim()
}
