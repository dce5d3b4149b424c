/** Writes conversations as one HTML file, page by page: never more than one of them is in memory. */

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { sealStreamWithPassphrase } from '../core/sealed-page.ts'
import { readConversation } from '../review/conversation.ts'
import { firstPage, htmlBlock, htmlEnd, htmlStart, lockedPage } from '../review/html.ts'
import { safeLine, safeText } from '../review/safe-text.ts'
import { createViewer, type ViewMessage } from '../review/view.ts'
import { cutIntoPages, type ViewChapter, type ViewDocument } from '../review/view-document.ts'
import type { DocumentWriter } from './document-writer.ts'
import { readAssets } from './web-assets.ts'

type Write = (text: string) => Promise<void>

export interface HtmlTaste {
  readonly thinking: boolean
  readonly images: boolean
  /** Everything in the file is encrypted with it. */
  readonly passphrase?: string | undefined
}

export function htmlWriter(write: Write, taste: HtmlTaste): DocumentWriter {
  const chapters: Draft[] = []
  let sink: Sink | undefined
  const started = async (messages: readonly ViewMessage[]) => {
    sink ??= await (taste.passphrase === undefined
      ? plainSink(write, chapters[0], messages)
      : lockedSink(write, taste.passphrase))
    return sink
  }
  return {
    async begin(_kind, title, _facts, rows = []) {
      const facts = rows.map(([name, value]) => [safeLine(name, 80), safeText(value)] as const)
      chapters.push({ title: safeLine(title, 300), facts, pages: [], prompts: [] })
    },
    async body({ lines, agents, range, roots }) {
      const chapter = chapters.at(-1)
      if (!chapter) return
      const view = createViewer({ roots, images: taste.images, thinking: taste.thinking })
      for await (const page of cutIntoPages(readConversation(lines(), { agents, range }), view)) {
        chapter.pages.push(page.info)
        chapter.prompts.push(...page.prompts)
        await (await started(page.messages)).block(page.messages)
      }
    },
    async end() {
      const last = await started([])
      const document: ViewDocument = { version: 1, chapters }
      await last.block(document)
      await last.end()
    },
  }
}

interface Draft extends ViewChapter {
  readonly pages: ViewChapter['pages'][number][]
  readonly prompts: ViewChapter['prompts'][number][]
}

interface Sink {
  block(content: unknown): Promise<void>
  end(): Promise<void>
}

async function plainSink(
  write: Write,
  chapter: ViewChapter | undefined,
  messages: readonly ViewMessage[],
): Promise<Sink> {
  const assets = await readAssets('document')
  const first = chapter ?? { title: '', facts: [] }
  await write(htmlStart(first.title || 'Conversation', firstPage(first, messages), assets))
  return {
    block: async (content) => write(htmlBlock('block', (await packed(content)).toString('base64'))),
    end: () => write(htmlEnd(assets)),
  }
}

/** Not even the title is to be read without the passphrase. */
async function lockedSink(write: Write, passphrase: string): Promise<Sink> {
  const assets = await readAssets('document-locked')
  await write(htmlStart('An encrypted conversation', lockedPage, assets))
  const sealed = await sealStreamWithPassphrase(passphrase, (bytes) =>
    write(htmlBlock('sealed', Buffer.from(bytes).toString('base64'))),
  )
  return {
    async block(content) {
      const bytes = await packed(content)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      await sealed.write(Buffer.concat([length, bytes]))
    },
    async end() {
      await sealed.end()
      await write(htmlEnd(assets))
    },
  }
}

function packed(content: unknown): Promise<Buffer> {
  return promisify(gzip)(JSON.stringify(content))
}
