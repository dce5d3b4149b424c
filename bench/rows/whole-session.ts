/** First push and cold pull of sessions of several sizes, against the bare pipeline. */

import { byTurns, contestant, type Took } from '../clock.ts'
import {
  emptyRemote,
  forgetSessions,
  forgetStore,
  type Lab,
  session,
  teleport,
  tell,
  withLab,
} from '../lab.ts'
import { nativePipeline } from '../native.ts'
import { type Row, type RowGroup, ratio } from '../row.ts'

/** The size, in MB, that the bar is about. */
const judged = 50

export const wholeSession: RowGroup = {
  name: 'whole-session',
  async measure({ quick, say }) {
    const rows: Row[] = []
    for (const size of quick ? [1, 5] : [1, 10, judged, 200]) {
      say(`first push and cold pull of ${size} MB`)
      rows.push(...(await withLab((lab) => measureSize(lab, size, quick ? 1 : size > judged ? 2 : 5))))
    }
    return rows
  },
}

async function measureSize(lab: Lab, size: number, rounds: number): Promise<readonly Row[]> {
  const { laptop, desktop } = lab
  await tell(laptop, size * 1e6)
  const native = await nativePipeline(lab)
  const push = contestant(
    () => teleport(laptop, 'push', session),
    async () => {
      await emptyRemote(lab)
      await forgetStore(laptop)
    },
  )
  const barePush = contestant(native.push)
  const pull = contestant(
    () => teleport(desktop, 'pull', session),
    async () => {
      await forgetStore(desktop)
      await forgetSessions(desktop)
    },
  )
  const barePull = contestant(native.pull)
  await byTurns([push, barePush, pull, barePull], rounds)
  return [
    judge(`first push of ${size} MB`, size, push.took(), barePush.took()),
    judge(`cold pull of ${size} MB`, size, pull.took(), barePull.took()),
  ]
}

function judge(what: string, size: number, ours: Took, bare: Took): Row {
  const bar = size === judged ? '≤ 1.3 × the bare pipeline' : '–'
  return {
    what,
    bar,
    measured: ratio(ours, bare),
    ok: size === judged ? ours.wallMs <= 1.3 * bare.wallMs : null,
  }
}
