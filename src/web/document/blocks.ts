/** The blocks of a document, compressed as they stand in the file: the pages, and at the end what it says of itself. */

import type { ViewMessage } from '../../review/view.ts'
import type { ViewDocument } from '../../review/view-document.ts'
import type { PageSource } from '../conversation/conversation.tsx'

/** Gzip of JSON, each. */
export interface Blocks {
  readonly count: number
  read(at: number): Uint8Array<ArrayBuffer>
}

export interface OpenedDocument {
  readonly document: ViewDocument
  readonly source: PageSource
}

/** Pages that stay unpacked; somebody scrolls to and fro. */
const mostKept = 12

/** Rejects when there is no document in the blocks. */
export async function openDocument(blocks: Blocks): Promise<OpenedDocument> {
  const document = asDocument(await unpack(blocks.read(blocks.count - 1)))
  const kept = new Map<number, Promise<readonly ViewMessage[]>>()
  return {
    document,
    source: {
      load(page) {
        const found = kept.get(page) ?? unpack(blocks.read(page)).then(asMessages)
        kept.delete(page)
        kept.set(page, found)
        const [oldest] = kept.keys()
        if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
        return found
      },
    },
  }
}

/** The blocks that stand in the page itself, in elements that no browser runs. */
export function blocksInPage(): Blocks {
  const elements = [...document.querySelectorAll('script[type="text/plain"][data-block]')]
  return {
    count: elements.length,
    read: (at) => fromBase64(elements[at]?.textContent ?? ''),
  }
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

async function unpack(bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json()
}

/** The file was written by the program that wrote this script; what is damaged fails to unpack before it comes here. */
function asMessages(value: unknown): readonly ViewMessage[] {
  if (!Array.isArray(value)) throw new Error('not a page')
  return value as readonly ViewMessage[]
}

function asDocument(value: unknown): ViewDocument {
  if (typeof value !== 'object' || value === null || !('chapters' in value)) throw new Error('not a document')
  return value as ViewDocument
}
