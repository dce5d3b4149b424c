/**
 * Takes secrets out of what a push sends, before others can read it. Best effort: what the rules know, and what this
 * machine knows itself.
 */

import { TeleportError } from '../errors.ts'
import { secretFinder } from './find-secrets.ts'
import { knownValues } from './known-values.ts'
import { labelMaker } from './label.ts'
import { ownRules } from './own-rules.ts'
import type { Edit as PatchEdit } from './patch.ts'
import { redactDocument } from './redact-document.ts'
import { redactRows } from './redact-rows.ts'
import { guardContent, redactText } from './redact-text.ts'
import type { Scanner } from './scan-leaf.ts'
import { replaceAll, settle } from './settle.ts'

export interface RedactorOptions {
  /** Secrets that this machine holds, as `collectKnownValues` gathers them. */
  readonly knownValues: Iterable<string>
  /** Same secret, same label with the same key: one key a session, 32 bytes of chance. */
  readonly hmacKey: Uint8Array
}

/** What is told while a piece goes through; never the secret itself. */
export interface PieceWatcher {
  /** What undoes the redaction, ascending. Awaited, so that it can be written away. */
  edit?(edit: PatchEdit): Promise<void> | void
  /** A rule's finding, in this line of the piece, from 1. */
  finding?(rule: string, line: number): void
}

export interface Redactor {
  /**
   * The piece of the file with this logical name, redacted; it ends at a line break if it is JSONL. Bounded memory. The output
   * throws `secret-found` for what cannot be taken out or looked through; what came before must then not be used.
   * A piece of `worktree/` comes out as it is, or throws.
   */
  redactPiece(
    name: string,
    content: AsyncIterable<Uint8Array>,
    watcher?: PieceWatcher,
  ): AsyncIterable<Uint8Array>
  /** A short text, such as a title. Throws `secret-found`. */
  redactText(text: string): { readonly text: string; readonly rules: readonly string[] }
}

/** Loads the rules, which takes some milliseconds: only when something is to be redacted. */
export async function createRedactor(options: RedactorOptions): Promise<Redactor> {
  const { everywhere, importedRules } = await import('./rules.generated.ts')
  const known = knownValues(options.knownValues)
  const scanner: Scanner = {
    find: secretFinder([...importedRules, ...ownRules], known, everywhere),
    label: labelMaker(options.hmacKey),
  }
  return {
    redactPiece: (name, content, watcher = {}) => named(name, redact(name, content, watcher, scanner)),
    redactText(text) {
      const binary = Buffer.from(text).toString('latin1')
      const found = settle(binary, scanner.find, scanner.label)
      const redacted = Buffer.from(replaceAll(binary, found), 'latin1').toString('utf8')
      return { text: redacted, rules: found.map(({ rule }) => rule) }
    },
  }
}

function redact(
  name: string,
  content: AsyncIterable<Uint8Array>,
  watcher: PieceWatcher,
  scanner: Scanner,
): AsyncIterable<Uint8Array> {
  if (name.startsWith('worktree/')) return guardContent(content, scanner)
  if (name.endsWith('.jsonl')) return redactRows(content, scanner, watcher)
  return name.endsWith('.json')
    ? redactDocument(content, scanner, watcher)
    : redactText(content, scanner, watcher)
}

/** Errors name the file. */
async function* named(name: string, output: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* output
  } catch (error) {
    if (!(error instanceof TeleportError) || error.code !== 'secret-found') throw error
    throw new TeleportError('secret-found', `${name}: ${error.message}`, {
      cause: error,
      data: { ...error.data, name },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}
