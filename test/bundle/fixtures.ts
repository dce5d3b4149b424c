/**
 * Makes the frozen fixtures of format 1: one small session of three pushes, by two people, in every encoding.
 * Nothing in it depends on clock, chance or machine, so the bytes below are the same for ever; what brotli and gzip
 * make of them may change with their versions, so `.br` and `.gz` are frozen to be read, not to be made again.
 * After a deliberate change of a format that was never released: `node build/test/bundle/write-fixtures.js`.
 */

import { checkLog, totalsOf } from '../../src/bundle/apply.ts'
import { type ArchiveMeta, packArchive } from '../../src/bundle/archive.ts'
import { extendChain, zeroChain } from '../../src/bundle/chain.ts'
import { encodeIndexEntry } from '../../src/bundle/index-entry.ts'
import { encodeManifest } from '../../src/bundle/manifest.ts'
import { type MergedPiece, mergedSources, mergePieces } from '../../src/bundle/merge.ts'
import { packSegment } from '../../src/bundle/pack.ts'
import type { PieceSource } from '../../src/bundle/plan.ts'
import { formatCommitMessage } from '../../src/bundle/trailers.ts'
import type { Manifest, PieceRow, Sha256 } from '../../src/model.ts'
import { indexEntry, indexTrailers, manifest as sample, tombstone, trailers } from './samples.ts'
import { adasLaptop, bob, chunked, collect, digest, segmentRow, session, source } from './support.ts'

export const lines = [
  '{"type":"user","message":"why is the upload test flaky?"}\n',
  '{"type":"assistant","message":"it races with the timer"}\n',
  '{"type":"user","message":"then wait for the event"}\n',
] as const
const checkpoint = 'file-history/8c1f0a2b3d4e5f60@v1'
const tracked = { path: '/home/ada/work/widget/upload.js' }
const longName = `session-subdir/tool-results/toolu_${'0123456789'.repeat(10)}.txt`

const at = (count: number) => lines.slice(0, count).join('').length
const again = (part: number) => ({ op: 'append', at: at(part) }) as const

/** The sources of each push. */
export const pushes: readonly (readonly PieceSource[])[] = [
  [
    source('session.jsonl', lines[0]),
    source(checkpoint, 'setTimeout(check, 100)\n', tracked),
    source('tasks/1.json', '{"subject":"find the race"}'),
  ],
  [source('session.jsonl', lines[1], again(1)), source('tasks/1.json', '{"subject":"fix it"}', { gen: 2 })],
  [
    source('session.jsonl', lines[2], again(2)),
    source(longName, 'ok 1 - upload\n'),
    source('tasks/1.json', '', { op: 'gone', gen: 3 }),
  ],
]

export interface ChainStep extends PieceRow {
  readonly chain: Sha256
}

/** Every row of the log with the chain that it leads to. */
export function chainSteps(): readonly ChainStep[] {
  const chains = new Map<string, Sha256>()
  return pushes.flat().map(({ row }) => {
    const chain = extendChain(chains.get(row.name) ?? zeroChain, row)
    chains.set(row.name, chain)
    return { ...row, chain }
  })
}

export const totals = totalsOf(checkLog(pushes.map((push) => push.map(({ row }) => row))))

export async function makeManifest(): Promise<Manifest> {
  const segments = await Promise.all(
    pushes.map(async (sources, index) => {
      const { plain } = await pack(sources)
      const cipher = Buffer.from(`the ciphertext of push ${index + 1}`)
      return segmentRow(index + 1, {
        ...(index === 2 ? { by: bob, origin: 1 } : {}),
        sizes: [cipher.length, plain.length],
        sha256: [digest(cipher), digest(plain)],
      })
    }),
  )
  return { ...sample, segments, files: totals }
}

export const archiveMeta: ArchiveMeta = {
  format: 1,
  session,
  origin: adasLaptop,
  title: sample.title,
  client: sample.client,
  files: [
    { name: 'session.jsonl', size: at(3), sha256: digest(lines.join('')) },
    { name: checkpoint, size: 23, sha256: digest('setTimeout(check, 100)\n'), ...tracked },
  ],
}

/** Every fixture by file name. */
export async function makeFixtures(): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const [index, sources] of pushes.entries()) {
    const { plain, compressed } = await pack(sources)
    files.set(`segment-000${index + 1}.tar`, plain)
    files.set(`segment-000${index + 1}.tar.br`, compressed)
  }
  const merged = await pack(mergedSources(mergePieces(await Promise.all(pushes.slice(0, 2).map(load)))))
  files.set('segment-merged.tar', merged.plain)
  files.set('chains.json', json({ steps: chainSteps(), ...totals }))
  const manifest = await makeManifest()
  files.set('manifest.json', json(manifest))
  files.set('manifest.json.br', await encodeManifest(manifest))
  files.set('index-live.json', encodeIndexEntry(indexEntry))
  files.set('index-removed.json', encodeIndexEntry(tombstone))
  files.set('commit-session.txt', Buffer.from(formatCommitMessage('teleport: session 3f2a91c4', trailers)))
  files.set('commit-index.txt', Buffer.from(formatCommitMessage('teleport: index', indexTrailers)))
  files.set('archive.tar.gz', await collect(packArchive(archiveMeta, readArchived)))
  return files
}

export async function* readArchived(name: string): AsyncGenerator<Uint8Array, void> {
  yield* chunked(Buffer.from(name === checkpoint ? 'setTimeout(check, 100)\n' : lines.join('')))
}

async function pack(sources: readonly PieceSource[]): Promise<{ plain: Buffer; compressed: Buffer }> {
  const plain: Uint8Array[] = []
  const compressed = await collect(packSegment(sources, { onPlain: (chunk) => plain.push(chunk) }))
  return { plain: Buffer.concat(plain), compressed }
}

const load = (sources: readonly PieceSource[]): Promise<MergedPiece[]> =>
  Promise.all(
    sources.map(async ({ row, read }) => ({
      row,
      content: row.op === 'gone' ? null : await collect(read()),
    })),
  )

const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 1)}\n`)
