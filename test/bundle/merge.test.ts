/** Merging: when, and that nothing but bytes gets lost. */

import test from 'ava'
import fc from 'fast-check'
import { checkLog } from '../../src/bundle/apply.ts'
import { type MergedPiece, mergedSources, mergePieces, planMerge } from '../../src/bundle/merge.ts'
import { packSegment } from '../../src/bundle/pack.ts'
import type { PieceRow, SegmentRow } from '../../src/model.ts'
import { ada, anyLog, bob, collect, segmentRow, source } from './support.ts'
import { unpackPlain } from './tars.ts'

const added = { by: ada, origin: 0, plainSize: 5000 }
const base = segmentRow(1)
const sized = (...sizes: number[]): SegmentRow[] => sizes.map((size) => ({ ...base, sizes: [size, size] }))

test('the fourth segment of a tier swallows the other three', (t) => {
  t.is(planMerge(sized(5000, 5000), added), 0)
  t.is(planMerge(sized(5000, 5000, 5000), added), 3)
  t.is(planMerge(sized(90_000, 5000, 5000, 5000), added), 3)
})

test('merging goes on upwards as long as it fills the next tier', (t) => {
  t.is(planMerge(sized(20_000, 20_000, 20_000, 5000, 5000, 5000), added), 6)
})

test('a large segment swallows the smaller ones that it would shut in', (t) => {
  t.is(planMerge(sized(90_000, 5000, 5000), { ...added, plainSize: 70_000 }), 2)
})

test('segments of another writer or origin end the run', (t) => {
  const rows = sized(5000, 5000, 5000, 5000)
  const other = (over: Partial<SegmentRow>) => rows.map((row, at) => (at === 2 ? { ...row, ...over } : row))
  t.is(planMerge(other({ by: bob }), added), 0)
  t.is(planMerge(other({ origin: 1 }), added), 0)
  t.is(planMerge(rows, { ...added, by: bob }), 0)
})

test('what is large already is not written again because there is much of it', (t) => {
  const mega = 1024 ** 2
  t.is(planMerge(sized(...Array.from({ length: 40 }, () => 20 * mega), 5000), added), 0)
})

test('where more than twelve small segments would be left, the next tier is merged too', (t) => {
  const crowded = [3, 3, 3, 3].flatMap((count, tier) =>
    Array.from({ length: count }, () => 4096 * 4 ** (5 - tier)),
  )
  t.is(planMerge(sized(...crowded), added), 3)
  t.is(planMerge(sized(...crowded.slice(1)), added), 0)
})

test('no merge exceeds 32 MiB, and what fits only by twos or threes is merged by these', (t) => {
  const mega = 1024 ** 2
  t.is(planMerge(sized(10 * mega, 10 * mega), { ...added, plainSize: 10 * mega }), 2)
  t.is(planMerge(sized(14 * mega), { ...added, plainSize: 14 * mega }), 1)
  t.is(planMerge(sized(20 * mega, 20 * mega, 20 * mega), { ...added, plainSize: 20 * mega }), 0)
  t.is(planMerge(sized(40 * mega, 5000, 5000, 5000), added), 3)
})

/** A thousand pushes of these sizes: the most segments there ever were, the bytes written and the largest merge. */
function simulate(sizeOf: (push: number) => number): { segments: number; ratio: number; largest: number } {
  const sizes: number[] = []
  let [segments, pushed, written, largest] = [0, 0, 0, 0]
  for (let push = 0; push < 1000; push++) {
    const size = sizeOf(push)
    const swallowed = planMerge(sized(...sizes), { ...added, plainSize: size })
    const taken = sizes.splice(sizes.length - swallowed, swallowed)
    const merged = taken.reduce((sum, each) => sum + each, size)
    sizes.push(merged)
    pushed += size
    written += merged
    segments = Math.max(segments, sizes.length)
    if (swallowed > 0) largest = Math.max(largest, merged)
  }
  return { segments, ratio: written / pushed, largest }
}

for (const size of [3000, 4096, 6000, 16_384, 20_000, 50_000, 120_000]) {
  test(`a thousand pushes of ${size} bytes leave at most 16 segments and write less than 4.4 times as much`, (t) => {
    const { segments, ratio, largest } = simulate(() => size)
    t.true(segments <= 16, `${segments}`)
    t.true(ratio < 4.4, `${ratio}`)
    t.true(largest <= 32 * 1024 ** 2)
  })
}

test('so do a thousand pushes of random sizes, and a small first one or a large one among them', (t) => {
  fc.assert(
    fc.property(
      fc.infiniteStream(fc.integer({ min: 3000, max: 100_000 })),
      fc.constantFrom(3000, 20_000_000),
      (random, first) => {
        const sizes = [first, ...random.take(999)]
        const { segments, ratio, largest } = simulate((push) => sizes[push] ?? 0)
        t.true(segments <= 16, `${segments}`)
        t.true(ratio < 4.4, `${ratio}`)
        t.true(largest <= 32 * 1024 ** 2)
      },
    ),
    { numRuns: 6 },
  )
})

test('beyond the cap the segments grow with the session, and none is written more than a few times', (t) => {
  const { segments, ratio, largest } = simulate(() => 1_000_000)
  t.true(segments <= 1000 / 16 + 15, `${segments}`)
  t.true(ratio < 4.4, `${ratio}`)
  t.true(largest <= 32 * 1024 ** 2)
})

const filled = (row: PieceRow): MergedPiece => ({
  row,
  content: row.op === 'gone' ? null : Buffer.alloc(row.size, 'x'),
})

test('every row stays in its order, and the chains are the same merged or not, and merged again', (t) => {
  fc.assert(
    fc.property(anyLog, fc.nat(25), fc.nat(25), (rows, a, b) => {
      const [one, two] = [Math.min(a, b), Math.max(a, b)]
      const groups = [rows.slice(0, one), rows.slice(one, two), rows.slice(two)].map((group) =>
        group.map(filled),
      )
      const [first = [], second = [], third = []] = groups
      const merged = mergePieces(groups)
      const stepwise = mergePieces([mergePieces([first, second]), third])
      t.deepEqual(stepwise, merged)
      t.deepEqual(
        merged.map(({ row: { dropped, ...row } }) => row),
        rows,
      )
      t.deepEqual(checkLog([merged.map(({ row }) => row)]), checkLog([rows]))
      for (const { row, content } of merged)
        t.is(content?.length, row.dropped || row.op === 'gone' ? undefined : row.size)
    }),
    { numRuns: 50 },
  )
})

test('superseded bytes are dropped, the newest stay', (t) => {
  const whole = filled(source('tasks/1.json', 'x').row)
  const again = filled(source('tasks/1.json', 'x', { gen: 2 }).row)
  t.deepEqual(mergePieces([[whole], [again]]), [
    { row: { ...whole.row, dropped: true }, content: null },
    again,
  ])
})

test('merged pieces pack into a segment that can be read', async (t) => {
  const merged = mergePieces([
    [{ row: source('tasks/1.json', 'old').row, content: Buffer.from('old') }],
    [{ row: source('tasks/1.json', 'new', { gen: 2 }).row, content: Buffer.from('new') }],
  ])
  const plain: Uint8Array[] = []
  await collect(packSegment(mergedSources(merged), { onPlain: (chunk) => plain.push(chunk) }))
  t.deepEqual(
    await unpackPlain(Buffer.concat(plain)),
    merged.map(({ row }) => row),
  )
})
