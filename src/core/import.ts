/** `import`: installs a session from a `.tar.gz`. Nobody signed it, so it is sanitised unless the user vouches for it. */

import { type ArchiveMeta, unpackArchive } from '../bundle/archive.ts'
import { checkpointTarget } from '../claude/checkpoint-target.ts'
import { beginInstall, type Installation } from '../claude/install.ts'
import { liveClients } from '../claude/live.ts'
import { localPath } from '../claude/local-name.ts'
import { type RelocateOptions, relocateContent } from '../claude/relocate.ts'
import type { Relocation } from '../claude/relocation.ts'
import { newRowLinks } from '../claude/row-links.ts'
import { mayInstall } from '../claude/sanitise.ts'
import { TeleportError } from '../errors.ts'
import { type Classification, parseSessionId, type SessionId } from '../model.ts'
import { classifyByContent } from './classify.ts'
import { findLocalSide, type LocalSide, removeCopies } from './local-side.ts'
import type { AppliedFile } from './materialise.ts'
import { type Place, placeFor, relocationTo } from './place.ts'
import { installFolder, type Workspace, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ImportOptions {
  readonly remote?: string | undefined
  /** The user made the file: every row and file is installed as it is. */
  readonly exact?: boolean
  readonly fork?: boolean
  readonly force?: boolean
  readonly deep?: boolean
  readonly restoreEnv?: boolean
  readonly dryRun?: boolean
}

export interface ImportResult {
  readonly session: SessionId
  readonly state: Classification
  readonly tier: 'exact' | 'sanitised'
  readonly title: string | null
  readonly files: number
  /** Rows left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  readonly resume: readonly string[]
  readonly install: string | null
}

/** Throws what a pull throws for a bad bundle, a session that is open, or one that went on in two places. */
export async function importSession(
  world: World,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    world.progress.step('reading the archive')
    const begun: Installation[] = []
    try {
      const staged = await stageArchive(ws, archive, options, async (session) => {
        const install = await beginInstall(ws.claude, installFolder(ws), { session, now: world.now() })
        begun.push(install)
        return install
      })
      return await settleImport(ws, staged, options)
    } finally {
      for (const install of begun) await install.abort()
      world.progress.done()
    }
  })
}

interface OpenedArchive {
  readonly meta: ArchiveMeta
  readonly place: Place
  readonly local: LocalSide | null
  readonly install: Installation
}

interface StagedArchive extends OpenedArchive {
  readonly applied: ReadonlyMap<string, AppliedFile>
  readonly dropped: ReadonlyMap<string, number>
}

async function stageArchive(
  ws: Workspace,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
  begin: (session: SessionId) => Promise<Installation>,
): Promise<StagedArchive> {
  const as = options.fork ? parseSessionId(ws.world.uuid()) : undefined
  const dropped = new Map<string, number>()
  const applied = new Map<string, AppliedFile>()
  let opened: OpenedArchive | undefined
  await unpackArchive(archive, {
    async meta(meta) {
      const local = as ? null : await findLocalSide(ws, meta.session, null)
      const existing = local?.belongsHere ? local.file : undefined
      const place = placeFor(ws, meta.session, meta.origin, { ...options, as, existing })
      opened = { meta, local, place, install: await begin(place.here.session) }
    },
    async file(name, content) {
      if (!opened) throw new Error('an archive gave a file before its table')
      const { meta, place, install } = opened
      const relocation = relocationTo(place, meta.origin)
      const path = meta.files.find((file) => file.name === name)?.path
      const target = localPath(ws.claude, place.here, name, relocation, path, place.restoreEnv)
      if (!isAllowed(name, path, relocation, options)) return
      const links = newRowLinks()
      const here = relocateContent(name, content, relocation, {
        ...rowOptions(place, options, dropped),
        links,
      })
      if (name === 'history.jsonl') return install.appendHistory(here)
      if (target === null) return
      const staged = await install.stage(target, here)
      applied.set(name, {
        progress: { gen: 1, size: staged.size, chain: staged.sha256, gone: false },
        target,
        staged,
        links,
      })
    },
  })
  if (!opened) throw new TeleportError('damaged-bundle', 'the archive has no table')
  return { ...opened, applied, dropped }
}

function isAllowed(
  name: string,
  path: string | undefined,
  relocation: Relocation,
  options: ImportOptions,
): boolean {
  if (options.exact) return true
  return mayInstall(name, path, relocation, checkpointTarget(relocation.here.root, relocation.here.platform))
}

function rowOptions(place: Place, options: ImportOptions, dropped: Map<string, number>): RelocateOptions {
  const fork =
    place.here.session === place.session ? {} : { session: { from: place.session, to: place.here.session } }
  if (options.exact) return { deep: place.deep, ...fork }
  return {
    deep: place.deep,
    tier: 'sanitised',
    checkTarget: checkpointTarget(place.here.root, place.here.platform),
    onDrop: (reason) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
    ...fork,
  }
}

async function settleImport(
  ws: Workspace,
  staged: StagedArchive,
  options: ImportOptions,
): Promise<ImportResult> {
  const { local, meta, place, install } = staged
  const found = local ? await classifyByContent(staged.applied, install, local.collected, meta.title) : 'new'
  if (found === 'diverged' && !options.force) throw notTheSame(meta)
  const writes = found === 'new' || found === 'fast-forward' || options.force === true
  const done = writes && !options.dryRun ? await write(ws, staged, options) : null
  return {
    session: place.here.session,
    state: found,
    tier: options.exact ? 'exact' : 'sanitised',
    title: meta.title,
    files: staged.applied.size,
    dropped: Object.fromEntries(staged.dropped),
    resume: ['claude', '--resume', place.here.session],
    install: done,
  }
}

async function write(ws: Workspace, staged: StagedArchive, options: ImportOptions): Promise<string> {
  const { install } = staged
  const { session } = staged.place.here
  const open = (await liveClients(ws.claude)).find((client) => client.session === session)
  if (open) {
    throw new TeleportError(
      'session-live',
      `session ${session} is open in a running client (process ${open.pid})`,
      {
        hint: 'close it there, then import again',
      },
    )
  }
  if (staged.local) await removeCopies(staged.local, install, options.force ?? false)
  return (await install.commit()).id
}

function notTheSame(meta: ArchiveMeta): TeleportError {
  return new TeleportError(
    'diverged',
    `session ${meta.session} is here already and went another way than the archive`,
    {
      hint: 'import with --fork to give the archive’s one a new id, or with --force to replace the one here (backed up)',
    },
  )
}
