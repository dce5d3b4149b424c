/** Peak memory of a large session's push and pull over a real SSH server. */

import { startSshRemote } from '../../test/support/sshd.ts'
import { type Lab, session, tell, withLab } from '../lab.ts'
import { type Peak, peakOf } from '../memory.ts'
import type { BenchOptions, Row, RowGroup } from '../row.ts'

const bar = 250e6

export const memory: RowGroup = {
  name: 'memory',
  measure: (options) => withLab((lab) => measureMemory(lab, options)),
}

async function measureMemory(lab: Lab, { quick, say }: BenchOptions): Promise<readonly Row[]> {
  const size = quick ? 20 : 500
  const ssh = await startSshRemote(lab.sandbox)
  try {
    for (const { machine, top } of [lab.laptop, lab.desktop]) {
      await ssh.allow(machine)
      await machine.git(top, 'remote', 'set-url', 'origin', ssh.url(lab.remote))
    }
    say(`inventing a session of ${size} MB`)
    const cursor = await tell(lab.laptop, size * 1e6)
    say(`${cursor.turns} prompts; push and pull`)
    const push = await peakOf(lab.laptop, 'push', session)
    const pull = await peakOf(lab.desktop, 'pull', session)
    return [describe(`first push of ${size} MB`, push), describe(`cold pull of ${size} MB`, pull)]
  } finally {
    await ssh.close()
  }
}

function describe(what: string, { bytes, programs }: Peak): Row {
  const mb = (value: number) => `${Math.round(value / 1e6)} MB`
  const largest = programs.slice(0, 3).map(([name, peak]) => `${name} ${mb(peak)}`)
  return {
    what: `peak memory, our processes, git and ssh: ${what}`,
    bar: '≤ 250 MB',
    measured: `${mb(bytes)} (${largest.join(', ')})`,
    ok: bytes <= bar,
  }
}
