/** Who is believed to have written a segment, and what a carrier may repeat. */

import test from 'ava'
import type { DeviceId, Manifest, SegmentRow } from '../../src/model.ts'
import { labelSegments, proofsIn } from '../../src/trust/segment-tiers.ts'
import { manifest as sample } from '../bundle/samples.ts'
import { ada, adasLaptop, bob, device, digest, segmentRow } from '../bundle/support.ts'

const eve = device('e'.repeat(26))
const own = new Set([ada])
const nothing = new Map()

function holding(segments: readonly SegmentRow[], origins: Manifest['origins'] = [adasLaptop]): Manifest {
  return { ...sample, origins, segments }
}

const mine = segmentRow(1, { by: ada })
const theirs = segmentRow(2, { by: bob })

function writers(manifest: Manifest, signer: DeviceId, proofs = proofsIn(holding([]), own)) {
  const { segments, exact } = labelSegments(manifest, signer, own, proofs)
  return { by: segments.map((segment) => segment.by), exact: [...exact] }
}

test('under an own signature each writer is who the manifest says', (t) => {
  t.deepEqual(writers(holding([mine, theirs]), ada), { by: [ada, bob], exact: ['0001'] })
})

test('under a member’s signature nobody else’s writing is believed without proof', (t) => {
  t.deepEqual(writers(holding([mine, theirs]), bob), { by: [bob, bob], exact: [] })
  t.deepEqual(writers(holding([mine, segmentRow(2, { by: eve })]), bob), { by: [bob, bob], exact: [] })
})

test('what an own manifest vouches for stays exact, whatever a member says of its writer', (t) => {
  const proofs = proofsIn(holding([mine, theirs]), own)
  t.deepEqual(writers(holding([mine, theirs]), bob, proofs), { by: [ada, bob], exact: ['0001'] })
  t.deepEqual(writers(holding([{ ...mine, by: eve }, theirs]), bob, proofs), {
    by: [ada, bob],
    exact: ['0001'],
  })
})

test('other bytes under the same name, and the same bytes with other folders, are not proven', (t) => {
  const proofs = proofsIn(holding([mine]), own)
  const swapped = { ...mine, sha256: [digest('other'), digest('other')] as const }
  t.deepEqual(writers(holding([swapped]), bob, proofs), { by: [bob], exact: [] })
  const moved = { ...adasLaptop, root: '/home/ada/scripts' }
  t.deepEqual(writers(holding([mine], [moved]), bob, proofs), { by: [bob], exact: [] })
})

test('a carrier’s manifest proves only what its own devices wrote', (t) => {
  t.is(proofsIn(holding([theirs]), own).size, 0)
  const carried = labelSegments(holding([mine]), bob, own, nothing)
  t.is(proofsIn(holding(carried.segments), own).size, 0, 'a claim that was carried on proves nothing')
})
