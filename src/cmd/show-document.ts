/** Writes conversations as one document: Markdown, HTML, JSON, or JSON lines. */

import { safeJson } from '../review/json-export.ts'
import type { DocumentWriter } from './document-writer.ts'
import { htmlWriter } from './html-document.ts'
import { asMarkdown, asMessages, type Format, markdownHead } from './show-as.ts'

export interface DocumentTaste {
  /** Of the whole document, in characters. */
  readonly limit: number
  readonly thinking: boolean
  /** For people outside of the team. */
  readonly redact: boolean
  /** Of HTML. */
  readonly passphrase: string | undefined
}

export function documentWriter(
  form: Format,
  write: (text: string) => Promise<void>,
  taste: DocumentTaste,
): DocumentWriter {
  const { thinking, redact, passphrase } = taste
  // Nobody can look through an image for secrets, and thinking is not meant for others.
  if (form === 'html')
    return htmlWriter(write, { thinking: thinking || !redact, images: !redact, passphrase })
  if (form === 'md') return markdownWriter(write, taste.limit)
  return form === 'jsonl' ? linesWriter(write, thinking) : jsonWriter(write, thinking)
}

/** What is left of the length when a further conversation begins must hold more than its heading. */
const leastRoom = 1000
const leftOut = '\n_A further conversation is left out for length._\n'

function markdownWriter(write: (text: string) => Promise<void>, limit: number): DocumentWriter {
  let room = limit
  let head = ''
  const put = async (text: string) => {
    room -= text.length
    await write(text)
  }
  const flush = async () => {
    if (head !== '') await put(head.length < room ? head : leftOut.slice(0, Math.max(0, room)))
    head = ''
  }
  return {
    async begin(_kind, title, _facts, rows = []) {
      await flush()
      head = `${room === limit ? '' : '\n'}${markdownHead(title, rows)}`
    },
    async body(reading) {
      if (room < limit && room < leastRoom + head.length) {
        head = leftOut
        return flush()
      }
      const own = head
      head = ''
      for await (const text of asMarkdown(reading, own, room)) await put(text)
    },
    end: flush,
  }
}

/** A line that says what it is about, then a line for each message. */
function linesWriter(write: (text: string) => Promise<void>, thinking: boolean): DocumentWriter {
  return {
    begin: (kind, _title, facts) => write(`${safeJson({ version: 1, type: kind, ...facts })}\n`),
    async body(reading) {
      for await (const message of asMessages(reading, thinking))
        await write(`${message.replace('{', '{"type":"message",')}\n`)
    },
    end: async () => undefined,
  }
}

/** One document, however long, written piece by piece: `conversations`, each with its `messages`. */
function jsonWriter(write: (text: string) => Promise<void>, thinking: boolean): DocumentWriter {
  let begun = 0
  return {
    async begin(kind, _title, facts) {
      const open = begun === 0 ? '{"version":1,"conversations":[\n' : ']},\n'
      begun += 1
      await write(`${open}${safeJson({ type: kind, ...facts }).slice(0, -1)},"messages":[`)
    },
    async body(reading) {
      let first = true
      for await (const message of asMessages(reading, thinking)) {
        await write(`${first ? '\n' : ',\n'}${message}`)
        first = false
      }
    },
    end: () => write(begun === 0 ? '{"version":1,"conversations":[]}\n' : ']}\n]}\n'),
  }
}
