/** A few lines of Markdown about a session of this machine, for a pull request: what was asked, secrets taken out. */

import { collectSession } from '../claude/collect.ts'
import { readChunks } from '../claude/compare.ts'
import { outlineTranscript } from '../claude/outline.ts'
import type { SessionId } from '../model.ts'
import { splitLines } from '../review/lines.ts'
import { safeLine } from '../review/safe-text.ts'
import { chooseSession } from './choose-session.ts'
import { sessionRedactor } from './session-redactor.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface SummariseOptions {
  /** Id, or the beginning of one. None: the one that this runs inside, else the newest of this work tree. */
  readonly session?: string | undefined
  readonly remote?: string | undefined
  /** The first prompts are listed, and how many there are more. Otherwise 20. */
  readonly mostPrompts?: number
}

export interface Summary {
  readonly session: SessionId
  readonly title: string | null
  readonly messages: number
  /** One line each, redacted. */
  readonly prompts: readonly string[]
  /** Ends with a line break. What others wrote stands in it as code, so that it means nothing. */
  readonly markdown: string
}

const longestLine = 120

/** Redaction is the best effort that a push makes for others. Throws `no-session`, `secret-found`. */
export async function summariseSession(world: World, options: SummariseOptions): Promise<Summary> {
  return withWorkspace(world, options, async (ws) => {
    const file = await chooseSession(ws, options.session)
    const { scan, origin } = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan: null })
    const outline = await outlineTranscript(splitLines(readChunks(file.path)), new Set())
    const redactor = await sessionRedactor(ws, file.session, origin.cwd)
    const clean = (text: string) => safeLine(redactor.redactText(text).text, longestLine)
    const title = scan.title === null ? null : clean(scan.title)
    const prompts = outline.prompts.map(({ text }) => clean(text))
    world.progress.done()
    const told = { session: file.session, title, messages: scan.messages, prompts }
    return { ...told, markdown: formatMarkdown(told, options.mostPrompts ?? 20) }
  })
}

function formatMarkdown(summary: Omit<Summary, 'markdown'>, most: number): string {
  const { session, title, messages, prompts } = summary
  const more = prompts.length - most
  return [
    `**Session** ${asCode(title ?? 'no title')}, ${messages} messages`,
    '',
    ...prompts.slice(0, most).map((prompt) => `- ${asCode(prompt)}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    '',
    '```sh',
    `git teleport pull ${session}`,
    '```',
    '',
  ].join('\n')
}

/** Nothing in it is a link, a mention or HTML. */
function asCode(text: string): string {
  return `\`${text.replaceAll('`', "'").trim() || ' '}\``
}
