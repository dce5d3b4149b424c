/** The subagents of a log that is read while it is decrypted. In a segment they come behind the conversation. */

import { isSubagentFile, mostMetaBytes, subagentsAmong } from '../claude/subagents.ts'
import type { Spool } from '../git-store/spool.ts'
import type { PieceRow } from '../model.ts'
import type { Agents } from '../review/conversation.ts'
import { splitLines } from '../review/lines.ts'
import { emptyBase } from './materialise.ts'
import type { Place } from './place.ts'
import { checkSegment } from './read-segment.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { walkLog } from './walk-log.ts'
import type { Workspace } from './workspace.ts'

/**
 * They are gathered when the first call of a segment is read, from this segment and the ones before it.
 * @param reached the segment that the conversation is read from
 */
export function streamedAgents(
  ws: Workspace,
  tip: TrustedTip,
  place: Place,
  tables: readonly (readonly PieceRow[])[],
  reached: { readonly segment: number },
  open: () => Promise<Spool>,
): Agents {
  const lastOf = new Map<string, number>()
  const begins = new Set<number>()
  for (const [at, rows] of tables.entries()) {
    for (const { name } of rows.filter((row) => isSubagentFile(row.name))) {
      if (!lastOf.has(name)) begins.add(at)
      lastOf.set(name, at)
    }
  }
  const gathered = gatherAgents(ws, tip, place, open)
  async function* linesOf(call: string): AsyncGenerator<Uint8Array> {
    // One that had only just been started when that segment was pushed begins in the next.
    for (const most of [reached.segment, reached.segment + 1]) {
      await gathered.through(Math.max(-1, ...[...begins].filter((at) => at <= most)))
      const file = await gathered.find(call)
      if (!file) continue
      await gathered.through(lastOf.get(file.name) ?? -1)
      yield* splitLines(file.read())
      return
    }
  }
  return {
    size: lastOf.size,
    get: (call) => (lastOf.size === 0 ? undefined : () => linesOf(call)),
  }
}

interface GatheredFile {
  readonly name: string
  read(): AsyncIterable<Uint8Array>
}

interface Gathered {
  through(last: number): Promise<void>
  find(call: string): Promise<GatheredFile | undefined>
}

type Extent = readonly [start: number, end: number]

/** All of them in one file without a name, so that nothing lies around when the program is cut off. */
function gatherAgents(ws: Workspace, tip: TrustedTip, place: Place, open: () => Promise<Spool>): Gathered {
  const extents = new Map<string, Extent[]>()
  let spool: Spool | undefined
  let done = 0
  let known: ReadonlyMap<string, GatheredFile> | undefined
  // What there is to note is noted with the conversation.
  const silent = { ...ws, world: { ...ws.world, note() {} } }
  const walk = walkLog(silent, tip, emptyBase, place, {
    wanted: ({ name }) => isSubagentFile(name),
    async take({ name, op }, content) {
      spool ??= await open()
      const start = spool.size()
      for await (const bytes of content) await spool.write(bytes)
      const before = op === 'append' ? (extents.get(name) ?? []) : []
      extents.set(name, [...before, [start, spool.size()]])
    },
  })
  async function* read(name: string): AsyncGenerator<Uint8Array> {
    for (const [start, end] of extents.get(name) ?? []) if (spool) yield* spool.read(start, end)
  }
  const filesOf = () => {
    const live = [...extents.keys()].filter((name) => walk.files.get(name)?.progress.gone === false)
    return new Map(live.map((name) => [name, { name, read: () => read(name) }]))
  }
  return {
    async through(last) {
      for (const segment of tip.manifest.segments.slice(done, last + 1)) {
        await checkSegment(silent, tip, segment)
        await walk.apply(segment)
        done += 1
        known = undefined
      }
    },
    async find(call) {
      known ??= await subagentsAmong(filesOf(), beginning)
      return known.get(call)
    },
  }
}

async function beginning(file: GatheredFile): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const bytes of file.read()) {
    parts.push(bytes)
    size += bytes.length
    if (size >= mostMetaBytes) break
  }
  return Buffer.concat(parts).subarray(0, mostMetaBytes)
}
