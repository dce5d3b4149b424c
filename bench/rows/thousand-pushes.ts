/** A session that is pushed a thousand times, each time after a turn. */

import { stat } from 'node:fs/promises'
import path from 'node:path'
import { teleported } from '../../test/support/in-process.ts'
import { compressedDelta } from '../added.ts'
import { type Lab, session, tell, tellMore, withLab } from '../lab.ts'
import { filesBelow } from '../native.ts'
import { type BenchOptions, kB, type Row, type RowGroup } from '../row.ts'
import { recordedWire } from '../wire.ts'

const startBytes = 20_000
const moreBytes = 3000

export const thousandPushes: RowGroup = {
  name: 'thousand-pushes',
  measure: (options) => withLab((lab) => measurePushes(lab, options)),
}

/** In this process, which saves the starting of a thousand: the same code, the same git. */
async function measurePushes(lab: Lab, { quick, say }: BenchOptions): Promise<readonly Row[]> {
  const { laptop, sandbox } = lab
  const count = quick ? 50 : 1000
  const wire = await recordedWire(lab, laptop)
  let cursor = await tell(laptop, startBytes)
  let sent = 0
  let segments = 0
  for (let push = 1; push <= count; push += 1) {
    const told = await teleported(laptop.machine, ['push', session, '--json'], { cwd: laptop.top })
    segments = segmentsOf(told.json())
    sent += await wire.packBytes()
    if (push % 100 === 0) say(`${push} pushes: ${segments} segments, ${kB(sent)} sent`)
    if (push < count) cursor = await tellMore(laptop, startBytes, cursor, moreBytes)
  }
  const plain = await sizeBelow(laptop.machine.config)
  const compressed = await compressedDelta(path.join(sandbox.folder, 'nothing'), laptop.machine.config)
  const what = `a session pushed ${count.toLocaleString('en')} times`
  return [
    { what: `${what}: segments`, bar: '≤ 16', measured: String(segments), ok: segments <= 16 },
    {
      what: `${what}: upload`,
      bar: '≤ 4 × its size',
      measured: `${kB(sent)}: ${(sent / plain).toFixed(2)} × its ${kB(plain)}, ${(sent / compressed).toFixed(1)} × the ${kB(compressed)} of it compressed in one go`,
      ok: sent <= 4 * plain,
    },
  ]
}

function segmentsOf(answer: unknown): number {
  const value =
    typeof answer === 'object' && answer !== null && 'segments' in answer ? answer.segments : undefined
  if (typeof value === 'number') return value
  throw new Error('a push told no number of segments')
}

async function sizeBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await filesBelow(folder)) bytes += (await stat(path.join(folder, name))).size
  return bytes
}
