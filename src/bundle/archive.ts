/** The archive of `export` and `import`: a whole session as one .tar.gz, described by the `meta.json` it starts with. */

import { TeleportError } from '../errors.ts'
import type { Origin, SessionId, Sha256 } from '../model.ts'
import { compressGzip, decompressGzip } from './codec.ts'
import { origin, sessionId, sha256, title, trackedPath } from './fields.ts'
import { checkFormat, memberOf, parseJson } from './json.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { isFileHistory, isLogicalName } from './names.ts'
import { checkCollisions } from './pieces.ts'
import { check, integer, list, nullable, object, oneOf, type Shape, text } from './shape.ts'
import { tarSize } from './tar-blocks.ts'
import { readTar } from './tar-reader.ts'
import { type TarFile, writeTar } from './tar-writer.ts'

export interface ArchiveMeta {
  readonly format: 1
  readonly session: SessionId
  readonly origin: Origin
  readonly title: string | null
  readonly client: string | null
  /** In the archive's order. */
  readonly files: readonly {
    readonly name: string
    readonly size: number
    readonly sha256: Sha256
    readonly path?: string
  }[]
}

export interface ArchiveHandler {
  meta(meta: ArchiveMeta): Promise<void>
  /** The digest has been checked when `content` ends; what is not consumed is drained. */
  file(name: string, content: AsyncIterable<Uint8Array>): Promise<void>
}

const metaName = 'meta.json'
const maxMetaBytes = 32 * 1024 ** 2
const what = 'the archive'

const shape: Shape<ArchiveMeta> = object({
  format: oneOf(1),
  session: sessionId,
  origin,
  title: nullable(title),
  client: nullable(text(100)),
  files: list(
    object({ name: text(1024), size: integer(0), sha256 }, { optional: { path: trackedPath } }),
    Number.MAX_SAFE_INTEGER,
  ),
})

/** Throws `bug` for a `meta` that could not be read back, `failed` when a file yields other than its size. */
export async function* packArchive(
  meta: ArchiveMeta,
  read: (name: string) => AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const table = Buffer.from(`${JSON.stringify(check(shape, meta, 'the new archive', 'bug'), null, 1)}\n`)
  const files: readonly TarFile[] = [
    { name: metaName, size: table.length, read: () => [table] },
    ...meta.files.map(({ name, size }) => ({ name, size, read: () => read(name) })),
  ]
  yield* compressGzip(writeTar(files))
}

/**
 * Reads the archive to its end. Throws `damaged-bundle`, `unsafe-bundle`, `format-too-new`, `format-too-old`; errors of
 * the source and of the handler pass unchanged.
 */
export async function unpackArchive(
  source: AsyncIterable<Uint8Array>,
  handler: ArchiveHandler,
  limits: Limits = defaultLimits,
): Promise<ArchiveMeta> {
  const headers = tarSize([{ name: metaName, size: maxMetaBytes }]) + limits.maxPieces * 2048
  const stream = iterate(decompressGzip(source, limits.maxBytes + headers, what))
  try {
    const tar = readTar(stream)
    const meta = parseMeta(await tar.table(metaName, maxMetaBytes), limits)
    await handler.meta(meta)
    for (const file of meta.files) await tar.file(file, (content) => handler.file(file.name, content))
    await tar.end()
    return meta
  } finally {
    await stream.return()
  }
}

function parseMeta(bytes: Uint8Array, limits: Limits): ArchiveMeta {
  const value = parseJson(bytes, what)
  checkFormat(memberOf(value, 'format'), what)
  const meta = check(shape, value, what, 'damaged-bundle')
  const names = meta.files.map(({ name }) => name)
  if (names.length > limits.maxPieces) throw unsafe(`${what} has ${names.length} files`)
  if (new Set(names).size !== names.length) throw unsafe(`${what} has two files of one name`)
  checkCollisions(names)
  let total = 0
  for (const { name, size, path } of meta.files) {
    if (!isLogicalName(name)) throw unsafe(`${what} may not hold ${JSON.stringify(name.slice(0, 120))}`)
    if (path !== undefined && !isFileHistory(name)) throw unsafe(`"${name}" may not have a path`)
    total += size
    if (total > limits.maxBytes) throw unsafe(`${what} declares more than ${limits.maxBytes} bytes`)
  }
  return meta
}

async function* iterate(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* source
}

function unsafe(message: string): TeleportError {
  return new TeleportError('unsafe-bundle', message)
}
