/** `scan`: what redaction would take out of a session of this machine, without sending anything. */

import { collectSession } from '../claude/collect.ts'
import type { LocalFile, SessionId } from '../model.ts'
import type { Redactor } from '../redact/redactor.ts'
import { chooseSession } from './choose-session.ts'
import { travelling } from './push-audience.ts'
import { sessionRedactor } from './session-redactor.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ScanOptions {
  readonly session?: string | undefined
  readonly remote?: string | undefined
}

/** Where something would be taken out; never what. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly rule: string
}

export interface ScannedSession {
  readonly session: SessionId
  readonly title: string | null
  readonly files: number
  readonly sizeBytes: number
  /** Findings by rule. */
  readonly counts: Readonly<Record<string, number>>
  readonly places: readonly Place[]
}

/** More places tell nobody more. */
const mostPlaces = 10_000

/** Throws `secret-found` for content that a push could not redact. */
export async function scanSession(world: World, options: ScanOptions): Promise<ScannedSession> {
  return withWorkspace(world, options, async (ws) => {
    const file = await chooseSession(ws, options.session)
    world.progress.step('reading the session')
    const collected = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan: null })
    const files = [...travelling(collected.files, true)].sort(byName)
    const sizeBytes = files.reduce((sum, each) => sum + each.size, 0)
    const redactor = await sessionRedactor(ws, file.session, collected.origin.cwd)
    world.progress.step('looking for secrets', sizeBytes)
    const counts = new Map<string, number>()
    const places: Place[] = []
    for (const each of files) {
      await scanFile(ws, redactor, each, (rule, line) => {
        counts.set(rule, (counts.get(rule) ?? 0) + 1)
        if (places.length < mostPlaces) places.push({ file: each.name, line, rule })
      })
    }
    world.progress.done()
    const { title } = collected.scan
    const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      session: file.session,
      title,
      files: files.length,
      sizeBytes,
      counts: Object.fromEntries(sorted),
      places,
    }
  })
}

async function scanFile(
  ws: Workspace,
  redactor: Redactor,
  file: LocalFile,
  finding: (rule: string, line: number) => void,
): Promise<void> {
  const output = redactor.redactPiece(file.name, file.read(0, file.size), { finding })
  for await (const chunk of output) {
    if (ws.world.signal.aborted) return
    ws.world.progress.advance(chunk.length)
  }
}

function byName(a: LocalFile, b: LocalFile): number {
  if (a.name === 'session.jsonl' || b.name === 'session.jsonl') return a.name === 'session.jsonl' ? -1 : 1
  return a.name < b.name ? -1 : 1
}
