/** How soon `show` tells the first of a long conversation, and what telling all of it takes. */

import { spawn } from 'node:child_process'
import { programFile } from '../../test/support/cli.ts'
import { type Lab, type Site, session, teleport, tell, withLab } from '../lab.ts'
import { peakOf } from '../memory.ts'
import { type BenchOptions, median, ms, type Row, type RowGroup } from '../row.ts'

const bar = 300

export const show: RowGroup = {
  name: 'show',
  measure: (options) => withLab((lab) => measureShow(lab, options)),
}

async function measureShow({ laptop, desktop }: Lab, { quick, say }: BenchOptions): Promise<readonly Row[]> {
  const size = quick ? 10 : 100
  say(`inventing a session of ${size} MB, pushing and fetching it`)
  await tell(laptop, size * 1e6)
  await teleport(laptop, 'push', session)
  await teleport(desktop, 'fetch', session)
  const rounds = quick ? 1 : 7
  const ways: readonly (readonly [what: string, site: Site, ...argv: string[]])[] = [
    ['as it lies here', laptop, '--here'],
    ['as it was fetched', desktop, '--offline'],
    ['from the remote', desktop],
  ]
  const rows: Row[] = []
  for (const [what, site, ...argv] of ways) {
    say(`show ${what}`)
    const turns: Turn[] = []
    for (let round = 0; round <= rounds; round += 1) turns.push(await firstWords(site, argv))
    const [, ...counted] = turns
    rows.push(judge(`show of ${size} MB ${what}`, counted, argv.length > 0))
  }
  const peak = await peakOf(desktop, 'show', session, '--offline')
  return [
    ...rows,
    {
      what: `the same as it was fetched: peak memory`,
      bar: '≤ 250 MB',
      measured: `${Math.round(peak.bytes / 1e6)} MB`,
      ok: peak.bytes <= 250e6,
    },
  ]
}

interface Turn {
  readonly firstMs: number
  readonly allMs: number
}

/** From the start of the program to the first line of the conversation, behind the facts; and to the end. */
function firstWords({ machine, top }: Site, argv: readonly string[]): Promise<Turn> {
  const start = performance.now()
  const child = spawn(process.execPath, [programFile, 'show', session, ...argv], {
    cwd: top,
    env: { ...machine.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let seen = ''
  let firstMs: number | undefined
  child.stdout.on('data', (bytes: Buffer) => {
    if (firstMs !== undefined) return
    seen += bytes.toString()
    if (/^#1 /m.test(seen)) firstMs = performance.now() - start
  })
  return new Promise((resolve, reject) => {
    child.once('close', (exitCode) => {
      if (exitCode === 0 && firstMs !== undefined) resolve({ firstMs, allMs: performance.now() - start })
      else reject(new Error(`git-teleport show ended with ${exitCode}`))
    })
  })
}

function judge(what: string, turns: readonly Turn[], isJudged: boolean): Row {
  const firstMs = median(turns.map((turn) => turn.firstMs))
  return {
    what: `${what}: until its first words`,
    bar: isJudged ? `≤ ${bar} ms` : '–',
    measured: `${ms(firstMs)}; all of it ${ms(median(turns.map((turn) => turn.allMs)))}`,
    ok: isJudged ? firstMs <= bar : null,
  }
}
