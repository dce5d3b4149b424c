/** Conversations as HTML files, without the repository that they would come from. */

import { open } from 'node:fs/promises'
import { type HtmlTaste, htmlWriter } from '../../src/cmd/html-document.ts'
import type { Reading } from '../../src/core/reading.ts'

export interface HtmlChapter {
  readonly title: string
  readonly facts?: readonly (readonly [string, string])[]
  /** Rows of a transcript, as values or as the lines that they are. */
  readonly rows: Iterable<unknown> | AsyncIterable<unknown>
  /** By the id of the call that started it, the rows of a subagent. */
  readonly agents?: Readonly<Record<string, readonly unknown[]>>
}

/** Writes the file as `show --format html` does. Needs the build. */
export async function writeHtmlFile(
  file: string,
  chapters: readonly HtmlChapter[],
  taste: Partial<HtmlTaste> = {},
): Promise<void> {
  const handle = await open(file, 'w')
  try {
    const writer = htmlWriter((text) => handle.writeFile(text), { thinking: true, images: true, ...taste })
    for (const { title, facts = [], rows, agents = {} } of chapters) {
      await writer.begin('session', title, {}, facts)
      await writer.body(readingOf(rows, agents))
    }
    await writer.end()
  } finally {
    await handle.close()
  }
}

/** A reading of rows that lie nowhere. */
export function readingOf(
  rows: HtmlChapter['rows'],
  agents: Readonly<Record<string, readonly unknown[]>> = {},
): Reading {
  return {
    lines: () => linesOf(rows),
    agents: new Map(Object.entries(agents).map(([call, own]) => [call, () => linesOf(own)])),
    roots: ['/home/ada/shop'],
    range: {},
  }
}

async function* linesOf(rows: HtmlChapter['rows']): AsyncGenerator<Uint8Array> {
  for await (const row of rows)
    yield row instanceof Uint8Array ? row : Buffer.from(typeof row === 'string' ? row : JSON.stringify(row))
}
