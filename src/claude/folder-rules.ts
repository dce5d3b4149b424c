/** Which folders of the sender's machine stand for which of this one. Pure. */

import type { Origin, Platform, SessionId } from '../model.ts'
import { foldPath, pathRules, trimFolder } from './platform-path.ts'

/** The receiving side: where the session is to live. All paths absolute. */
export interface Here {
  readonly platform: Platform
  readonly home: string
  readonly config: string
  /** Top of the work tree. */
  readonly root: string
  /** Name of the session's folder below `<config>/projects`. */
  readonly projectDir: string
  /** Differs from the sender's id for a fork. */
  readonly session: SessionId
}

export interface FolderRule {
  /** Without trailing separator. */
  readonly from: string
  /** `from` in the form that paths are compared in. */
  readonly folded: string
  /** Without trailing separator, so '' for the root of a disk. */
  readonly to: string
}

/** Folders named after the session, below the configuration folder; they follow a fork. */
const sessionFolders = ['file-history', 'tasks', 'uploads', 'session-env', 'image-cache']

/** Longest first. Rules that change nothing stay: they shield their folder from a shorter rule. */
export function folderRules(origin: Origin, session: SessionId, here: Here): readonly FolderRule[] {
  const there = pathRules(origin.platform)
  const local = pathRules(here.platform)
  const fromProject = there.join(origin.config, 'projects', origin.projectDir)
  const toProject = local.join(here.config, 'projects', here.projectDir)
  const forkedFolders = () => [
    [there.join(fromProject, session), local.join(toProject, here.session)] as const,
    ...sessionFolders.map(
      (name) =>
        [there.join(origin.config, name, session), local.join(here.config, name, here.session)] as const,
    ),
  ]
  const candidates: (readonly [from: string, to: string])[] = [
    [origin.root, here.root],
    [fromProject, toProject],
    ...(session === here.session ? [] : forkedFolders()),
    [origin.config, here.config],
    [origin.home, here.home],
  ]
  const rules = new Map<string, FolderRule>()
  for (const [source, target] of candidates) {
    const from = trimFolder(source, origin.platform)
    const folded = foldPath(from, origin.platform)
    // A whole disk is no folder to know: every absolute path would move.
    if (from === '' || /^[A-Za-z]:$/.test(from) || rules.has(folded)) continue
    rules.set(folded, { from, folded, to: trimFolder(target, here.platform) })
  }
  return [...rules.values()].sort((a, b) => b.from.length - a.from.length)
}
