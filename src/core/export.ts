/** `export`: one session of this machine as a `.tar.gz`, for where no remote reaches. Neither signed nor encrypted. */

import { createHash } from 'node:crypto'
import { type ArchiveMeta, packArchive } from '../bundle/archive.ts'
import { collectSession } from '../claude/collect.ts'
import { asSha256, type LocalFile, type SessionId } from '../model.ts'
import { chooseSession } from './choose-session.ts'
import { loadDevice } from './device.ts'
import { describeOrigin } from './place.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ExportOptions {
  readonly session?: string | undefined
  readonly remote?: string | undefined
}

export interface ExportedSession {
  readonly session: SessionId
  readonly title: string | null
  readonly files: number
  readonly sizeBytes: number
}

/** Hands the archive to `write` as it is made. */
export async function exportSession(
  world: World,
  options: ExportOptions,
  write: (session: SessionId, archive: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<ExportedSession> {
  return withWorkspace(world, options, async (ws) => {
    const file = await chooseSession(ws, options.session)
    world.progress.step('reading the session')
    const collected = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan: null })
    const files = new Map(collected.files.map((each) => [each.name, each]))
    const meta: ArchiveMeta = {
      format: 1,
      session: file.session,
      origin: await describeOrigin(ws, await loadDevice(world), collected.origin),
      title: collected.scan.title,
      client: collected.scan.client,
      files: await table(ws, collected.files),
    }
    await write(
      file.session,
      packArchive(meta, (name) => contentOf(files, name)),
    )
    world.progress.done()
    const sizeBytes = collected.files.reduce((sum, each) => sum + each.size, 0)
    return { session: file.session, title: meta.title, files: meta.files.length, sizeBytes }
  })
}

/** The conversation first, the rest by name. */
async function table(ws: Workspace, files: readonly LocalFile[]): Promise<ArchiveMeta['files']> {
  ws.world.progress.step(
    'packing',
    files.reduce((sum, file) => sum + file.size, 0),
  )
  const rows: ArchiveMeta['files'][number][] = []
  for (const file of [...files].sort(byName)) {
    const hash = createHash('sha256')
    for await (const chunk of file.read(0, file.size)) {
      hash.update(chunk)
      ws.world.progress.advance(chunk.length)
    }
    const path = file.path === undefined ? {} : { path: file.path }
    rows.push({ name: file.name, size: file.size, sha256: asSha256(hash.digest('hex')), ...path })
  }
  return rows
}

function byName(a: LocalFile, b: LocalFile): number {
  if (a.name === 'session.jsonl' || b.name === 'session.jsonl') return a.name === 'session.jsonl' ? -1 : 1
  return a.name < b.name ? -1 : 1
}

function contentOf(files: ReadonlyMap<string, LocalFile>, name: string): AsyncIterable<Uint8Array> {
  const file = files.get(name)
  if (!file) throw new Error(`the archive's table names ${name}, which was not collected`)
  return file.read(0, file.size)
}
