/** The places outside of the conversation's text that hold paths of the machine they were written on. Pure. */

import { at, type FieldNode, wantStrings } from './field-tree.ts'

/** What a reported span is. */
export const tag = {
  /** A path. */
  path: 0,
  /** A command line, with paths inside. */
  command: 1,
  /** The session's own id. */
  session: 2,
  /** Checkpoints: the parts of one tracked file. Each `entry` begins one. */
  trackedEntry: 3,
  trackedKey: 4,
  trackedParent: 5,
  trackedBackup: 6,
  deltaKey: 7,
  deltaParent: 8,
  deltaBackup: 9,
} as const

const rowPaths = [
  'cwd',
  ...['filePath', 'file.filePath', 'outputDir', 'outputFile', 'persistedOutputPath', 'originalCwd'].map(
    (name) => `toolUseResult.${name}`,
  ),
  ...['worktreePath', 'notebook_path'].map((name) => `toolUseResult.${name}`),
  ...['filename', 'path', 'displayPath', 'skillDir', 'planFilePath', 'content.file.filePath'].map(
    (name) => `attachment.${name}`,
  ),
  'planFilePath',
  'projectPaths[]',
  'worktreeSession.originalCwd',
  'worktreeSession.worktreePath',
]

/** Rows of a transcript. `parentSessionId` and `forkedFrom` name another session and stay. */
export function addRowFields(root: FieldNode): void {
  wantStrings(root, tag.path, rowPaths)
  wantStrings(root, tag.command, ['data.command'])
  wantStrings(root, tag.session, ['sessionId', 'session_id', 'worktreeSession.sessionId'])
  addCheckpointFields(root)
}

/** The tracked files of checkpoint rows, for `trackedFiles`. */
export function addCheckpointFields(root: FieldNode): void {
  const tracked = at(root, 'snapshot.trackedFileBackups')
  tracked.entry = tag.trackedEntry
  tracked.key = tag.trackedKey
  wantStrings(tracked, tag.trackedParent, ['*.realParentDir'])
  wantStrings(tracked, tag.trackedBackup, ['*.backupFileName'])
  wantStrings(root, tag.deltaKey, ['trackingPath'])
  wantStrings(root, tag.deltaParent, ['backup.realParentDir'])
  wantStrings(root, tag.deltaBackup, ['backup.backupFileName'])
}

/** Rows of `history.jsonl`. */
export function addHistoryFields(root: FieldNode): void {
  wantStrings(root, tag.path, ['project'])
  wantStrings(root, tag.session, ['sessionId'])
}

/** Documents beside the transcript: a subagent's `.meta.json`, a workflow's state. */
export function addDocumentFields(root: FieldNode): void {
  wantStrings(root, tag.path, ['worktreePath', 'scriptPath'])
  wantStrings(root, tag.session, ['sessionId'])
}
