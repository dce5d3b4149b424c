/** Images of a row that a page may show: raster data, known by its first bytes, and not too large. Pure. */

export interface ViewImage {
  /** Ours, by the first bytes; what the row says is not believed. */
  readonly type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'
  /** Base64 with its padding. */
  readonly data: string
}

/** What a row holds for one image or document; undefined where it is no base64. */
export type MediaSource = { readonly data: string | undefined }

/** Larger ones are only named. */
const mostImageText = 4 * 1024 * 1024

/** In the order in which `readRow` makes blocks of them. */
export function mediaSources(record: Readonly<Record<string, unknown>> | undefined): MediaSource[] {
  const message = record?.['message'] ?? record?.['attachment']
  if (!isRecord(message)) return []
  return sourcesIn(message['content'] ?? message['prompt'], true)
}

function sourcesIn(content: unknown, isTop: boolean): MediaSource[] {
  if (!Array.isArray(content)) return []
  return content.flatMap((block: unknown): MediaSource[] => {
    if (!isRecord(block)) return []
    if (block['type'] === 'tool_result') return isTop ? sourcesIn(block['content'], false) : []
    if (block['type'] !== 'image' && block['type'] !== 'document') return []
    const source = isRecord(block['source']) ? block['source'] : {}
    const { data } = source
    return [{ data: source['type'] === 'base64' && typeof data === 'string' ? data : undefined }]
  })
}

/** Null for everything that is not one of four kinds of raster image. */
export function rasterImage({ data }: MediaSource): ViewImage | null {
  if (data === undefined || data.length > mostImageText) return null
  if (data.length < 32 || data.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return null
  const type = typeOf(atob(data.slice(0, 24)))
  return type === undefined ? null : { type, data }
}

function typeOf(head: string): ViewImage['type'] | undefined {
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (/^GIF8[79]a/.test(head)) return 'image/gif'
  if (/^RIFF[\s\S]{4}WEBP/.test(head)) return 'image/webp'
  return undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
