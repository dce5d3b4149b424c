/** The manifest's encoded form: compact JSON under brotli. */

import { TeleportError } from '../errors.ts'
import type { Manifest, SegmentRow } from '../model.ts'
import { compressBrotli, decompressBrotli } from './codec.ts'
import { deviceId, holder, link, origin, repo, sessionId, sha256, title } from './fields.ts'
import { checkFormat, memberOf, parseJson } from './json.ts'
import { defaultLimits, type Limits } from './limits.ts'
import {
  check,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  pair,
  refine,
  type Shape,
  text,
} from './shape.ts'

const what = 'the manifest'

const segment: Shape<SegmentRow> = refine(
  object({
    name: text(9, /^(?:\d{4}|[1-9]\d{4,8})$/),
    seq: pair(integer(1)),
    by: deviceId,
    origin: integer(0),
    codec: oneOf('tar+brotli'),
    parts: integer(1),
    sizes: pair(integer(0)),
    sha256: pair(sha256),
  }),
  ({ seq, parts }) => {
    if (parts > 100) return 'has more than 100 parts'
    return seq[0] <= seq[1] ? undefined : 'ends before it starts'
  },
)

type Optional = Required<Pick<Manifest, 'to' | 'unlisted' | 'expiresFixed'>>

/** The decoded manifest. A state record holds it in the same form. */
export const manifestShape: Shape<Manifest> = refine(
  object<Omit<Manifest, keyof Optional>, Optional>(
    {
      format: oneOf(1),
      session: sessionId,
      repo,
      seq: integer(1),
      redacted: flag,
      client: nullable(text(100)),
      title: nullable(title),
      holder: nullable(holder),
      readers: list(text(16_384), 10_000),
      origins: list(origin, 10_000),
      segments: list(segment, 10_000),
      files: object({ count: integer(0), bytes: integer(0), fold: sha256 }),
      dead: integer(0),
      links: list(link, 100_000),
    },
    {
      optional: {
        to: list(text(16_384), 10_000),
        unlisted: list(text(16_384), 10_000),
        expiresFixed: oneOf(true),
      },
    },
  ),
  ({ segments, origins, seq }) => {
    for (const [index, row] of segments.entries()) {
      const before = segments[index - 1]
      if (row.origin >= origins.length) return 'names an origin that it does not hold'
      if (row.seq[1] > seq) return 'holds a segment of a later push'
      if (before && Number(before.name) >= Number(row.name)) return 'has segments out of order'
      if (before && before.seq[1] > row.seq[0]) return 'has overlapping segments'
    }
    return undefined
  },
)

/** Throws `bug` for a manifest that `parseManifest` would refuse: nobody could pull it. */
export async function encodeManifest(manifest: Manifest): Promise<Uint8Array> {
  const plain = Buffer.from(JSON.stringify(check(manifestShape, manifest, 'the new manifest', 'bug')))
  return collect(compressBrotli([plain], plain.length))
}

/**
 * Throws `damaged-bundle`, `format-too-new`, `format-too-old`, and `unsafe-bundle` where the segments together
 * declare more than `limits.maxBytes`. Unknown members are left out.
 */
export async function parseManifest(bytes: Uint8Array, limits: Limits = defaultLimits): Promise<Manifest> {
  if (bytes.length > limits.maxManifestBytes) throw tooLarge(limits)
  const value = parseJson(await collect(decompressBrotli([bytes], limits.maxManifestBytes, what)), what)
  checkFormat(memberOf(value, 'format'), what)
  const manifest = check(manifestShape, value, what, 'damaged-bundle')
  const plain = manifest.segments.reduce((sum, { sizes }) => sum + sizes[1], 0)
  if (plain > limits.maxBytes) {
    throw new TeleportError(
      'unsafe-bundle',
      `the session has ${plain} bytes, and ${limits.maxBytes} are allowed`,
    )
  }
  return manifest
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function tooLarge(limits: Limits): TeleportError {
  return new TeleportError('unsafe-bundle', `the manifest is larger than ${limits.maxManifestBytes} bytes`)
}
