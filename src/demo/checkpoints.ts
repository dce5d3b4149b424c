/** File checkpoints, as `/rewind` needs them: rows in the transcript, copies in `file-history`. Pure. */

import { addRow } from './rows.ts'
import { addFile, editOf, fileText, type Story, sha256Hex, type TrackedFile, trackedPath } from './story.ts'

/** Copies stop after so many: the client keeps no more than a hundred checkpoints either. */
const maxBackups = 150

/** What the client writes at a prompt: every tracked file that changed is copied, all are named. */
export function addSnapshot(story: Story, messageId: string): void {
  const timestamp = new Date(story.timeMs).toISOString()
  for (const [path, file] of story.files) {
    if (file.savedEdits === file.edits && file.version > 1) continue
    if (story.counts.backups < maxBackups) story.files.set(path, backUp(story, path, file, timestamp))
  }
  const trackedFileBackups = Object.fromEntries(
    [...story.files].map(([path, file]) => [path, backupOf(story, path, file)]),
  )
  const snapshot = { messageId, trackedFileBackups, timestamp }
  addRow(story, { type: 'file-history-snapshot', messageId, snapshot, isSnapshotUpdate: false })
}

/** Begins to track the file at `path`: version 1 is its absence, since the session creates it. */
export function trackFile(
  story: Story,
  path: string,
  index: number,
  messageId: string,
  snapshotMessageId: string,
): void {
  const backupTime = new Date(story.timeMs).toISOString()
  const file = { index, edits: 0, version: 1, savedEdits: 0, backupName: null, backupTime }
  story.files.set(path, file)
  addRow(story, {
    type: 'file-history-delta',
    messageId,
    snapshotMessageId,
    trackingPath: path,
    backup: backupOf(story, path, file),
    timestamp: backupTime,
  })
}

/** Applies one more edit; returns the text before and the changed line. */
export function editFile(story: Story, path: string, file: TrackedFile) {
  const before = fileText(story, file.index, file.edits)
  const lines = before.trimEnd().split('\n')
  const { line, after } = editOf(story, file.index, file.edits + 1, lines.length)
  story.files.set(path, { ...file, edits: file.edits + 1 })
  return { before, line, oldLine: lines[line] ?? '', newLine: after }
}

/** The tracked file with this number, made known by a path below the work tree. */
export function findTracked(story: Story, index: number): readonly [string, TrackedFile | undefined] {
  const path = trackedPath(index)
  return [path, story.files.get(path)]
}

function backUp(story: Story, path: string, file: TrackedFile, backupTime: string): TrackedFile {
  const version = file.version + 1
  const backupName = nameOf(story, path, version)
  addFile(
    story,
    `file-history/${story.options.session}/${backupName}`,
    fileText(story, file.index, file.edits),
  )
  story.counts.backups++
  return { ...file, version, savedEdits: file.edits, backupName, backupTime }
}

function backupOf(story: Story, path: string, file: TrackedFile) {
  const realParentDir = absolute(story, path).replace(/\/[^/]*$/, '')
  // Made anew: a session that was moved has its copies under the names of this machine.
  const backupFileName = file.backupName === null ? null : nameOf(story, path, file.version)
  return {
    backupFileName,
    version: file.version,
    backupTime: file.backupTime,
    realParentDir,
  }
}

function nameOf(story: Story, path: string, version: number): string {
  return `${sha256Hex(absolute(story, path)).slice(0, 16)}@v${version}`
}

function absolute(story: Story, path: string): string {
  return `${story.options.root}/${path}`
}
