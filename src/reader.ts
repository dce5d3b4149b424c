/**
 * The reading half for a browser: opens what the tree of a session's commit holds, and renders it. It checks digests and
 * formats, no signature: whoever hands the files over has done that.
 */

import { readWholeManifest, readWholeSegment } from './bundle/read-whole.ts'
import { openInBrowser } from './crypto/web-open.ts'
import { TeleportError } from './errors.ts'
import type { Manifest, SegmentRow } from './model.ts'
import type { Agents } from './review/conversation.ts'
import { renderTranscript, type TextOptions } from './review/transcript.ts'

export interface SealedSession {
  readonly keyAge: Uint8Array
  readonly manifestAge: Uint8Array
  /** The bytes of `segments/<name>`, its parts joined. */
  segment(row: SegmentRow): Promise<Uint8Array>
}

export interface ReaderTools {
  /** `AGE-SECRET-KEY-1…` of a reader. Devices' SSH keys never leave their machines. */
  readonly identity: string
  /** Brotli, which not every browser has; rejects when more than `maxBytes` come out. */
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Promise<Uint8Array>
}

export interface OpenedSession {
  readonly manifest: Manifest
  /** By logical name, such as `session.jsonl`; as the senders wrote them, nothing relocated. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

const mostManifestBytes = 16 * 1024 ** 2

/** Everything in memory. Throws `not-a-reader`, `bad-key`, `damaged-bundle`, `unsafe-bundle`, `format-too-new`. */
export async function openSession(sealed: SealedSession, tools: ReaderTools): Promise<OpenedSession> {
  const key = await openInBrowser(tools.identity, sealed.keyAge)
  const identity = new TextDecoder().decode(key).trim()
  const compressed = await openInBrowser(identity, sealed.manifestAge)
  const manifest = readWholeManifest(await tools.decompress(compressed, mostManifestBytes))
  const files = new Map<string, Uint8Array>()
  for (const row of manifest.segments) {
    const bytes = await sealed.segment(row)
    await mustBe(bytes, row, 0)
    const tar = await tools.decompress(await openInBrowser(identity, bytes), row.sizes[1])
    await mustBe(tar, row, 1)
    readWholeSegment(tar, files)
  }
  return { manifest, files }
}

/** The conversation as text, piece by piece: only harmless letters come out, but escape it where it is shown. */
export function renderSession({ files }: OpenedSession, options: TextOptions): AsyncGenerator<string> {
  const transcript = linesOf(files.get('session.jsonl') ?? new Uint8Array())
  return renderTranscript(transcript, { agents: agentsIn(files), ...options })
}

/** The subagents' transcripts, by the call that started each. */
function agentsIn(files: OpenedSession['files']): Agents {
  const agents = new Map<string, () => AsyncIterable<Uint8Array>>()
  for (const [name, bytes] of files) {
    const [, stem] = /^(session-subdir\/subagents\/.+)\.meta\.json$/.exec(name) ?? []
    const transcript = stem === undefined ? undefined : files.get(`${stem}.jsonl`)
    const call = transcript ? callIn(bytes) : undefined
    if (transcript && call !== undefined && !agents.has(call)) agents.set(call, () => linesOf(transcript))
  }
  return agents
}

/** What the client wrote beside a subagent's transcript. */
function callIn(bytes: Uint8Array): string | undefined {
  try {
    const meta: unknown = JSON.parse(new TextDecoder().decode(bytes))
    const call = typeof meta === 'object' && meta !== null && 'toolUseId' in meta ? meta.toolUseId : undefined
    return typeof call === 'string' && call !== '' ? call : undefined
  } catch {
    return undefined
  }
}

/** @param which 0: what was encrypted. 1: the tar stream in it. */
async function mustBe(bytes: Uint8Array, row: SegmentRow, which: 0 | 1): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  if (bytes.length === row.sizes[which] && hex === row.sha256[which]) return
  throw new TeleportError('damaged-bundle', `segment ${row.name} is not what its manifest says`)
}

async function* linesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(10, at)
    const end = feed < 0 ? bytes.length : feed
    yield bytes.subarray(at, end)
    at = end + 1
  }
}
