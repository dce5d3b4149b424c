/** What our hook adds to `git commit`, also when the caller reads what git says, as editors and agents do. */

import { rename } from 'node:fs/promises'
import path from 'node:path'
import { must } from '../../test/support/sandbox.ts'
import { byTurns, contestant, timed } from '../clock.ts'
import { type Site, teleport, withLab } from '../lab.ts'
import { type Row, type RowGroup, ratio } from '../row.ts'

const barMs = 5

export const hook: RowGroup = {
  name: 'hook',
  measure: ({ quick, say }) =>
    withLab(async ({ laptop }) => {
      await teleport(laptop, 'hook', 'install')
      const rounds = quick ? 10 : 200
      const rows: Row[] = []
      for (const auto of ['attach', 'push'] as const) {
        await must(
          await laptop.machine.run('git', ['config', 'teleport.auto', auto], { cwd: laptop.top }),
          'git',
        )
        for (const captured of [false, true]) {
          say(`commits with teleport.auto=${auto}, output ${captured ? 'read' : 'dropped'}`)
          rows.push(await measure(laptop, { rounds, auto, captured }))
        }
      }
      return rows
    }),
}

interface Measured {
  readonly rounds: number
  readonly auto: string
  /** The caller reads both streams to their end, so that whatever keeps them open holds it up. */
  readonly captured: boolean
}

async function measure(site: Site, { rounds, auto, captured }: Measured): Promise<Row> {
  const file = path.join(site.top, '.git/hooks/post-commit')
  const commit = 'git commit --quiet --allow-empty --message x'
  // `timed` reads the streams too: what is dropped goes to a file.
  const line = captured ? commit : `${commit} >/dev/null 2>&1`
  const turn = () => timed('sh', ['-c', line], { cwd: site.top, env: site.machine.env })
  const beside = contestant(turn)
  const without = contestant(async () => {
    await rename(file, `${file}.off`)
    const took = await turn()
    await rename(`${file}.off`, file)
    return took
  })
  await byTurns([beside, without], rounds)
  const more = beside.took().wallMs - without.took().wallMs
  return {
    what: `\`git commit\` with the hook, \`teleport.auto=${auto}\`, output ${captured ? 'read' : 'dropped'}`,
    bar: `≤ ${barMs} ms more`,
    measured: `+ ${more.toFixed(1)} ms, ${ratio(beside.took(), without.took())}`,
    ok: more <= barMs,
  }
}
