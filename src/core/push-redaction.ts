/** What a push sends in the place of what lies here, when others are to read it. */

import { isCode } from '../bundle/names.ts'
import type { Delta } from '../bundle/plan.ts'
import type { Collected } from '../claude/collect.ts'
import { TeleportError } from '../errors.ts'
import { type Spool, withSpools } from '../git-store/spool.ts'
import type { FileRecord } from '../model.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Changes, PushJob } from './push-job.ts'
import { redactDelta } from './redact-delta.ts'
import { sessionRedactor } from './session-redactor.ts'
import { segmentName } from './write-segment.ts'

/** What a manifest and an index entry say of a session in words that are somebody's own. */
export interface Words {
  readonly title: string | null
  /** Of a branch: as others may read it. */
  clean(name: string | null): string | null
}

/** What is sent. */
export interface Outgoing {
  readonly delta: Delta
  readonly words: Words
  /** What was taken out of the delta; null when nothing was. */
  readonly removed: Spool | null
  /** Findings by rule, sorted. */
  readonly counts: Readonly<Record<string, number>>
}

export interface Planned {
  readonly collected: Collected
  readonly delta: Delta
  /** What the delta was planned with. */
  readonly record: Readonly<Record<string, FileRecord>>
  readonly redact: boolean
  /** The push's number. */
  readonly seq: number
}

/** The outgoing delta can be read as long as `work` runs. Throws `secret-found` for what cannot be taken out. */
export async function withRedaction<T>(
  job: PushJob,
  { collected, delta, record, redact, seq }: Planned,
  work: (outgoing: Outgoing) => Promise<T>,
): Promise<T> {
  const { ws, file, changes } = job
  const { title } = collected.scan
  if (!redact) return work({ delta, words: { title, clean: (name) => name }, removed: null, counts: {} })
  const redactor = await sessionRedactor(ws, file.session, collected.origin.cwd)
  const found = new Map<string, number>()
  // The title stands in the conversation too, and is counted there.
  const clean = (text: string | null) => (text === null ? null : redactor.redactText(text).text)
  return withSpools(ws.store, async (open) => {
    const list = await open()
    const redacted = await redactDelta(delta, record, redactor, {
      output: await open(),
      list,
      subject: { session: file.session, segment: segmentName(seq) },
      found: (rule) => void found.set(rule, (found.get(rule) ?? 0) + 1),
      progress: ws.world.progress,
    })
    if (changes && delta.sources.some(({ row }) => row.op !== 'gone' && isCode(row.name)))
      await guardCode(redactor, changes)
    return work({
      delta: redacted.delta,
      words: { title: clean(title), clean },
      removed: redacted.changed > 0 ? list : null,
      counts: Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
    })
  })
}

/** Code is never altered: a finding keeps it from being sent. Throws `secret-found`. */
async function guardCode(redactor: Redactor, changes: Changes): Promise<void> {
  for await (const { name, bytes } of changes.contents()) {
    async function* content() {
      yield bytes
    }
    try {
      for await (const _ of redactor.redactPiece('worktree/content', content())) {
        // What is found is thrown.
      }
    } catch (error) {
      if (!(error instanceof TeleportError) || error.code !== 'secret-found') throw error
      throw new TeleportError('secret-found', error.message.replace(/^worktree\/content: /, `${name}: `), {
        cause: error,
        data: { ...error.data, name },
        hint: error.hint ?? 'push without --with-changes',
      })
    }
  }
}
