/** Where a session belongs on this machine, and how one origin's paths are told here. */

import type { SessionFile } from '../claude/locate.ts'
import { isInside, pathRules } from '../claude/platform-path.ts'
import { projectDirName } from '../claude/project-dir.ts'
import { type Here, planRelocation, type Relocation } from '../claude/relocation.ts'
import type { Scan } from '../claude/scan.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { userIdentity } from '../git-store/user-repo.ts'
import type { Manifest, Origin, SessionId, SessionState } from '../model.ts'
import type { OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** The folders that a pulled session is written for. */
export interface Place {
  readonly here: Here
  /** The session's id on the remote; differs from `here.session` for a fork. */
  readonly session: SessionId
  readonly deep: boolean
  readonly restoreEnv: boolean
}

export interface PlaceOptions {
  /** Top of the work tree that it is brought to, when that is another one than this. */
  readonly root?: string | undefined
  readonly existing?: SessionFile | undefined
  /** A fork's new id. */
  readonly as?: SessionId | undefined
  readonly deep?: boolean | undefined
  readonly restoreEnv?: boolean | undefined
  /** Where the session was launched is somebody else's word: a folder outside of the project is not taken. */
  readonly stayInProject?: boolean | undefined
}

/**
 * A session stays filed where it lies already; a new one goes under its launch folder, which keeps its place below
 * the project's root.
 */
export function placeFor(
  ws: Workspace,
  session: SessionId,
  origin: Origin | undefined,
  options: PlaceOptions,
): Place {
  const { claude, repo } = ws
  const root = options.root ?? repo.top
  const folders = { platform: claude.platform, home: claude.home, config: claude.config, root }
  const here: Here = { ...folders, projectDir: '', session: options.as ?? session }
  const told = origin ? planRelocation(origin, session, here).path(origin.cwd) : root
  const isOurs = !options.stayInProject || isInside(told, root, claude.platform)
  const launch = isOurs ? told : root
  const projectDir = options.existing?.projectDir ?? claude.projectDirName ?? projectDirName(launch)
  return {
    here: { ...here, projectDir },
    session,
    deep: options.deep ?? false,
    restoreEnv: options.restoreEnv ?? false,
  }
}

export function relocationTo(place: Place, origin: Origin): Relocation {
  return planRelocation(origin, place.session, place.here)
}

/** Top of the checkout that the session goes on in: this one, unless its newest row and the record know another. */
export function rootHere(ws: Workspace, scan: Scan, state: SessionState | null): string {
  const { top } = ws.repo
  const isIn = (folder: string) => isInside(scan.lastCwd ?? top, folder, ws.claude.platform)
  return state && !isIn(top) && isIn(state.origin.root) ? state.origin.root : top
}

/** This machine's folders as the next reader must know them. */
export async function describeOrigin(
  ws: Workspace,
  device: DeviceKey,
  folders: Omit<Origin, 'device' | 'principal' | 'host'>,
): Promise<Origin> {
  const identity = await userIdentity(ws.repo)
  return {
    device: device.id,
    host: ws.world.hostname,
    principal: identity?.email ?? ws.world.env['USER'] ?? 'unknown',
    ...folders,
  }
}

/** The folders of the machine that wrote last. */
export function lastOrigin(manifest: Manifest): Origin | undefined {
  return manifest.origins[manifest.segments.at(-1)?.origin ?? -1]
}

export interface Copy {
  readonly file: SessionFile
  /** `cwd` of its first row that has one. */
  readonly cwd: string | null
  /** Where the record of the last sync says. */
  readonly recorded: boolean
  /** Started in this work tree or brought to it; false for a copy that belongs to another checkout. */
  readonly belongsHere: boolean
}

/**
 * A copy stays where it is, with the folders of the checkout that it belongs to. Undefined when that is another one
 * and cannot be told.
 */
export function placeOfCopy(
  ws: Workspace,
  tip: OpenTip,
  copy: Copy,
  state: SessionState | null,
  options: PlaceOptions = {},
): Place | undefined {
  const place = placeFor(ws, tip.session, lastOrigin(tip.manifest), { ...options, existing: copy.file })
  if (copy.belongsHere) return place
  const root = copy.recorded && state ? state.origin.root : rootOf(ws, copy, tip.manifest)
  return root === undefined ? undefined : { ...place, here: { ...place.here, root } }
}

/** The launch folder keeps its place below the project's root when a session moves. */
function rootOf(ws: Workspace, copy: Copy, manifest: Manifest): string | undefined {
  const origin = manifest.origins[manifest.segments[0]?.origin ?? -1]
  if (!origin || copy.cwd === null) return undefined
  const rules = pathRules(ws.claude.platform)
  const below = pathRules(origin.platform).relative(origin.root, origin.cwd).split(/[\\/]/).filter(Boolean)
  const steps = copy.cwd.split(rules.sep)
  const rest = steps.splice(steps.length - below.length)
  return rest.join('/') === below.join('/') ? steps.join(rules.sep) : undefined
}
