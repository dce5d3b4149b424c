/** The session's own rows of the prompt history, which all sessions share, and the pastes that they name. */

import { eachLine, lineBatches } from '../json/line-batches.ts'
import type { LocalFile, SessionId } from '../model.ts'
import { type FieldNode, wantStrings } from './field-tree.ts'
import { type Gathered, localFile, nothingGathered } from './gather.ts'
import type { ClaudeHome } from './home.ts'
import { newSpans, type Spans, spanScanner } from './json-spans.ts'
import { isPasteName } from './local-name.ts'
import { pathRules } from './platform-path.ts'
import { plainSize, readRange, sizeInLines } from './session-file.ts'

/** More is not prompts any more. */
const mostBytes = 32 * 1024 * 1024

/** `history.jsonl` as a file of this session's rows only, and `paste-cache/…`. */
export async function collectPrompts(claude: ClaudeHome, session: SessionId): Promise<Gathered> {
  const { join } = pathRules(claude.platform)
  const path = join(claude.config, 'history.jsonl')
  const size = await plainSize(path)
  if (size === undefined) return nothingGathered
  const { rows, pastes } = await ownRows(path, await sizeInLines(path, size), session)
  const files: LocalFile[] = []
  if (rows.length > 0) files.push(inMemory('history.jsonl', path, rows))
  for (const name of pastes) {
    const paste = await localFile(`paste-cache/${name}`, join(claude.config, 'paste-cache', name))
    if (paste) files.push(paste)
  }
  return { files, skipped: [] }
}

/** This session's rows of the prompt history as they lie here now, which may be none: then the next ones follow those elsewhere. */
export async function historyView(claude: ClaudeHome, session: SessionId): Promise<LocalFile> {
  const { files } = await collectPrompts(claude, session)
  const { join } = pathRules(claude.platform)
  return (
    files.find((file) => file.name === 'history.jsonl') ??
    inMemory('history.jsonl', join(claude.config, 'history.jsonl'), Buffer.alloc(0))
  )
}

const tag = { session: 0, paste: 1 } as const

async function ownRows(
  path: string,
  size: number,
  session: SessionId,
): Promise<{ rows: Buffer; pastes: ReadonlySet<string> }> {
  const root: FieldNode = {}
  wantStrings(root, tag.session, ['sessionId'])
  wantStrings(root, tag.paste, ['pastedContents.*.contentHash'])
  const scan = spanScanner(root)
  const spans = newSpans()
  const rows: Buffer[] = []
  const pastes = new Set<string>()
  let total = 0
  for await (const { bytes, whole } of lineBatches(readRange(path, 0, size))) {
    if (!whole) continue
    // Where the id stands next: most rows are of other sessions, and this is the quickest way to see it.
    let named = bytes.indexOf(session, 0, 'latin1')
    eachLine(bytes, (start, end, next) => {
      if (named >= 0 && named < start) named = bytes.indexOf(session, start, 'latin1')
      if (named < 0 || named >= end || !scan(bytes, start, end, spans)) return
      const { owner, hashes } = readSpans(bytes, spans)
      if (owner !== session || total + next - start > mostBytes) return
      total += next - start
      rows.push(Buffer.from(bytes.subarray(start, next)))
      for (const hash of hashes) if (isPasteName(`${hash}.txt`)) pastes.add(`${hash}.txt`)
    })
  }
  return { rows: Buffer.concat(rows), pastes }
}

/** The last session id of a row, and the pastes it names. */
function readSpans(bytes: Buffer, spans: Spans): { owner: string; hashes: readonly string[] } {
  let owner = ''
  const hashes: string[] = []
  for (let index = 0; index < spans.count; index++) {
    const text = bytes.toString('utf8', spans.starts[index], spans.ends[index])
    if (spans.tags[index] === tag.session) owner = text
    else hashes.push(text)
  }
  return { owner, hashes }
}

function inMemory(name: string, localPath: string, bytes: Buffer): LocalFile {
  return {
    name,
    localPath,
    size: bytes.length,
    async *read(start, end) {
      yield bytes.subarray(start, end)
    },
  }
}
