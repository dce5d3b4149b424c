/** Listing 10,000 sessions: for the first time, and with nothing new. */

import { programFile } from '../../test/support/cli.ts'
import { fillIndex } from '../bulk-index.ts'
import { byTurns, contestant, timed } from '../clock.ts'
import { forgetStore, type Lab, teleport, withLab } from '../lab.ts'
import { type BenchOptions, ms, type Row, type RowGroup, ratio } from '../row.ts'

const firstBarMs = 5000

export const list: RowGroup = {
  name: 'list',
  measure: (options) => withLab((lab) => measureList(lab, options)),
}

async function measureList(lab: Lab, { quick, say }: BenchOptions): Promise<readonly Row[]> {
  const { laptop, desktop } = lab
  const count = quick ? 500 : 10_000
  say(`an index of ${count} sessions`)
  await fillIndex(laptop, count)
  say('listing them')
  const first = contestant(
    () => teleport(desktop, 'list'),
    () => forgetStore(desktop),
  )
  await byTurns([first], quick ? 1 : 3)
  const there = { cwd: desktop.top, env: desktop.machine.env }
  const again = contestant(() => teleport(desktop, 'list'))
  const fetch = contestant(() => timed('git', ['fetch', '--quiet'], there))
  const start = contestant(() => timed(process.execPath, [programFile, '--version'], there))
  await byTurns([again, fetch, start], quick ? 3 : 15)
  const allowed = {
    wallMs: fetch.took().wallMs + start.took().wallMs,
    cpuMs: fetch.took().cpuMs + start.took().cpuMs,
  }
  const what = `list with ${count.toLocaleString('en')} sessions`
  return [
    {
      what: `${what}: first time`,
      bar: '≤ 5 s',
      measured: `${ms(first.took().wallMs)}; processor ${ms(first.took().cpuMs)}`,
      ok: first.took().wallMs <= firstBarMs,
    },
    {
      what: `${what}: nothing new`,
      bar: '≤ 3 × (an idle `git fetch` + start-up)',
      measured: ratio(again.took(), allowed),
      ok: again.took().wallMs <= 3 * allowed.wallMs,
    },
  ]
}
